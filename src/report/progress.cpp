#include "report/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/color.h>

#include "report/numbers.h"
#include "system/terminal.h"

namespace trp {
namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(80);
constexpr int kMaxBarColumns = 24;
constexpr int kMinBarColumns = 8;

double epoch_share(const StepReport& step) {
  return static_cast<double>(step.samples_done) / static_cast<double>(step.samples_in_epoch);
}

/// A part of the line after the epoch; all are ASCII, so that bytes are columns.
struct Part {
  std::string text;
  int rank;  // the highest goes first when it gets narrow
};

std::vector<Part> parts_of(const Progress& progress) {
  const StepReport& step = progress.step;
  const double rate = static_cast<double>(step.samples_done) / std::max(step.seconds, 1e-9);
  const double done = (step.epoch - 1 + epoch_share(step)) / std::max(progress.epochs, 1);
  return {{fmt::format("{:3.0f}%", std::floor(100 * epoch_share(step))), 0},
          {fmt::format("{}/{}", grouped(step.samples_done), grouped(step.samples_in_epoch)), 4},
          {fmt::format("{} samples/s", with_unit(rate)), 3},
          {fmt::format("loss {}", loss_text(step.mean_loss)), 2},
          {fmt::format("ETA {}", clock_text(progress.elapsed_seconds * (1 - done) / done)), 1}};
}

int width_of(const std::vector<Part>& parts) {
  int columns = 0;
  for (const Part& part : parts) columns += 2 + static_cast<int>(part.text.size());
  return columns;
}

}  // namespace

std::string progress_bar(double share, int columns, bool color) {
  // Drawn in half columns.
  const int halves = std::clamp(static_cast<int>(share * 2 * columns), 0, 2 * columns);
  std::string filled;
  for (int i = 0; i < halves / 2; ++i) filled += "━";
  if (halves % 2 == 1) filled += "╸";
  return paint(color, fmt::fg(fmt::terminal_color::cyan), filled) +
         std::string(static_cast<std::size_t>(columns - (halves + 1) / 2), ' ');
}

std::string progress_line(const Progress& progress, int width, bool color) {
  std::string line = fmt::format("epoch {}/{}", progress.step.epoch, progress.epochs);
  const int room = width - static_cast<int>(line.size());
  if (room < 0) return {};
  std::vector<Part> parts = parts_of(progress);
  while (parts.size() > 1 && 1 + kMinBarColumns + width_of(parts) > room) {
    parts.erase(std::ranges::max_element(parts, {}, &Part::rank));
  }
  if (width_of(parts) > room) return line;
  const int bar_columns = std::min(room - width_of(parts) - 1, kMaxBarColumns);
  if (bar_columns >= kMinBarColumns) {
    line.append(" ").append(progress_bar(epoch_share(progress.step), bar_columns, color));
  }
  for (const Part& part : parts) line.append("  ").append(part.text);
  return line;
}

ProgressBar::ProgressBar(int descriptor, bool color) : descriptor_(descriptor), color_(color) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::report(const RunEvent& event) {
  if (const auto* start = std::get_if<RunStart>(&event)) {
    epochs_ = start->recipe.epochs;
    begin_ = next_draw_ = Clock::now();
  }
  const auto* step = std::get_if<StepReport>(&event);
  if (!step) return;
  show([&](int width) {
    const std::chrono::duration<double> elapsed = Clock::now() - begin_;
    return progress_line({.step = *step, .epochs = epochs_, .elapsed_seconds = elapsed.count()},
                         width, color_);
  });
}

void ProgressBar::show(const std::function<std::string(int width)>& text) {
  const auto now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + kRedrawInterval;
  // The last column stays free: some terminals wrap as soon as it is written.
  draw(fmt::format("\r{}\x1b[K", text(terminal_width(descriptor_) - 1)));
  shown_ = true;
}

void ProgressBar::clear() {
  if (!shown_) return;
  draw("\r\x1b[K");
  shown_ = false;
}

void ProgressBar::draw(const std::string& text) {
  // A bar that cannot be drawn is no reason to stop.
  [[maybe_unused]] const auto ignored = write(descriptor_, text.data(), text.size());
}

}  // namespace trp
