#include "report/time.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "measure/timeline.h"
#include "report/numbers.h"
#include "report/table.h"
#include "strategy/phase.h"

namespace trp {
namespace {

constexpr std::size_t kMaxWorkerColumns = 8;

/// The letter of each phase in pictures.
constexpr std::array<char, kPhaseCount> kPhaseLetters = {'D', 'G', 'F', 'B', 'M', 'L',
                                                         '.', 'R', 'U', 'E', '-', ' '};

/// The workers of a column.
struct Column {
  std::string title;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Column> time_columns(std::size_t worker_count) {
  std::vector<Column> columns;
  const std::size_t single =
      worker_count <= kMaxWorkerColumns ? worker_count : kMaxWorkerColumns - 1;
  for (std::size_t w = 0; w < single; ++w)
    columns.push_back({fmt::format("worker {}", w + 1), w, w + 1});
  if (single < worker_count)
    columns.push_back({fmt::format("{} to {}", single + 1, worker_count), single, worker_count});
  columns.push_back({"in all", 0, worker_count});
  return columns;
}

/// `seconds` are those of each worker, `total` what all of them have.
Cells row_of(std::string_view label, const std::vector<Column>& columns, double total,
             const std::vector<double>& seconds) {
  Cells cells = {std::string(label)};
  double sum = 0;
  for (const Column& column : columns) {
    sum = std::accumulate(seconds.begin() + static_cast<std::ptrdiff_t>(column.begin),
                          seconds.begin() + static_cast<std::ptrdiff_t>(column.end), 0.0);
    cells.push_back(fmt::format("{:.3f} s", sum));
  }
  cells.push_back(percent(sum / total));
  return cells;
}

/// What takes most of the time from begin to end.
char letter_of(const std::vector<Slice>& slices, double begin, double end) {
  std::array<double, kPhaseCount> seconds = {};
  for (const Slice& slice : slices)
    seconds[static_cast<std::size_t>(slice.phase)] +=
        std::max(0.0, std::min(slice.end, end) - std::max(slice.begin, begin));
  const auto longest = std::ranges::max_element(seconds);
  return *longest > 0 ? kPhaseLetters[static_cast<std::size_t>(longest - seconds.begin())]
                      : kPhaseLetters[Phase::kAsleep];
}

}  // namespace

std::vector<std::string> time_table(const PhaseTimes& times) {
  const std::vector<Column> columns = time_columns(times.workers.size());
  const double total = times.wall_seconds * static_cast<double>(times.workers.size());
  Cells header = {"time"};
  for (const Column& column : columns) header.push_back(column.title);
  header.emplace_back("share");
  std::vector<Cells> rows = {header};
  std::vector<double> seconds(times.workers.size());
  for (std::size_t p = 0; p < kPhaseCount; ++p) {
    std::ranges::transform(times.workers, seconds.begin(),
                           [p](const WorkerTimes& worker) { return worker.seconds[p]; });
    if (std::ranges::any_of(seconds, [](double s) { return s > 0; }))
      rows.push_back(row_of(kPhaseWords[p], columns, total, seconds));
  }
  std::ranges::fill(seconds, times.wall_seconds);
  rows.push_back(row_of("in all", columns, total, seconds));
  std::ranges::transform(times.workers, seconds.begin(), &WorkerTimes::preempted_seconds);
  rows.push_back(row_of("  taken by others", columns, total, seconds));
  return table_lines(rows);
}

Json time_object(const PhaseTimes& times) {
  Json workers = Json::array();
  for (const WorkerTimes& worker : times.workers) {
    Json seconds = Json::object();
    for (std::size_t p = 0; p < kPhaseCount; ++p) seconds[kPhaseWords[p]] = worker.seconds[p];
    workers.push_back(
        {{"seconds", std::move(seconds)}, {"others_seconds", worker.preempted_seconds}});
  }
  return {{"event", "time"},
          {"wall_seconds", times.wall_seconds},
          {"fork_join_seconds", times.fork_join_seconds},
          {"workers", std::move(workers)}};
}

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

std::string timeline_legend(bool has_ranks) {
  std::string text;
  for (std::size_t p = 0; p < kPhaseCount; ++p) {
    if (p == Phase::kEvaluation || p == Phase::kAsleep) continue;  // no part of a step; nothing
    if (p == Phase::kRanks && !has_ranks) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", kPhaseLetters[p], kPhaseWords[p]);
  }
  return text;
}

}  // namespace trp
