#include "report/timeline_picture.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "measure/timeline.h"
#include "report/phase_table.h"
#include "strategy/phase.h"

namespace trp {
namespace {

constexpr std::string_view kLetters = "LGFBMm.SE- ";  // of the phases
static_assert(kLetters.size() == kPhaseCount);

/// What takes most of the time from begin to end.
char letter_of(const std::vector<Slice>& slices, double begin, double end) {
  std::array<double, kPhaseCount> seconds = {};
  for (const Slice& slice : slices)
    seconds[slice.phase] += std::max(0.0, std::min(slice.end, end) - std::max(slice.begin, begin));
  const auto most = std::ranges::max_element(seconds);
  return *most > 0 ? kLetters[static_cast<std::size_t>(most - seconds.begin())]
                   : kLetters[Phase::kAsleep];
}

}  // namespace

std::vector<std::string> timeline_picture(const PhaseRecorder& recorder, int columns) {
  const int step = typical_step(recorder);
  if (step < 0) return {};
  std::vector<std::string> lines;
  double begin = 0;
  double end = 0;
  for (int worker = 0; worker < recorder.worker_count(); ++worker) {
    std::vector<Slice> slices = worker_slices(recorder, worker);
    std::erase_if(slices, [&](const Slice& slice) { return slice.step != step; });
    if (worker == 0) {
      begin = slices.front().begin;
      end = slices.front().end;
    }
    slices = flatten(slices);
    std::string line = fmt::format("worker {:<3} ", worker + 1);
    const double width = (end - begin) / columns;
    for (int c = 0; c < columns; ++c)
      line += letter_of(slices, begin + c * width, begin + (c + 1) * width);
    if (worker == 0) line += fmt::format("  {:.0f} µs", 1e6 * (end - begin));
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string timeline_legend() {
  std::string text;
  for (std::size_t p = 0; p < kPhaseCount; ++p) {
    const auto phase = static_cast<Phase>(p);
    if (phase == Phase::kEvaluation || phase == Phase::kAsleep) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", kLetters[p], label_of(phase));
  }
  return text;
}

}  // namespace trp
