#include "report/phase_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/numbers.h"
#include "report/table.h"

namespace trp {
namespace {

constexpr std::size_t kMostColumns = 8;  // of workers

constexpr std::array<std::string_view, kPhaseCount> kLabels = {
    "load", "gather",     "forward", "backward", "merge", "waiting to merge", "waiting at barriers",
    "SGD",  "evaluation", "other",   "not woken"};

/// The workers of a column.
struct Column {
  std::string title;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Column> columns_of(std::size_t worker_count) {
  std::vector<Column> columns;
  const std::size_t single = worker_count <= kMostColumns ? worker_count : kMostColumns - 1;
  for (std::size_t w = 0; w < single; ++w)
    columns.push_back({fmt::format("worker {}", w + 1), w, w + 1});
  if (single < worker_count)
    columns.push_back({fmt::format("{} to {}", single + 1, worker_count), single, worker_count});
  columns.push_back({"in all", 0, worker_count});
  return columns;
}

template <class SecondsOf>
Cells row_of(const std::string& label, const std::vector<Column>& columns, double total,
             const SecondsOf& seconds_of) {
  Cells cells = {label};
  double all = 0;
  for (const Column& column : columns) {
    all = 0;
    for (std::size_t w = column.begin; w < column.end; ++w) all += seconds_of(w);
    cells.push_back(fmt::format("{:.3f} s", all));
  }
  cells.push_back(percent(all / total));
  return cells;
}

}  // namespace

std::string_view label_of(Phase phase) { return kLabels[phase]; }

std::vector<std::string> phase_table(const PhaseTimes& times) {
  const std::vector<Column> columns = columns_of(times.workers.size());
  const double total = times.wall_seconds * static_cast<double>(times.workers.size());
  Cells header = {"time"};
  for (const Column& column : columns) header.push_back(column.title);
  header.emplace_back("share");
  std::vector<Cells> rows = {header};
  for (std::size_t p = 0; p < kPhaseCount; ++p) {
    const auto seconds_of = [&](std::size_t w) { return times.workers[w].seconds[p]; };
    const Column& all = columns.back();
    double most = 0;
    for (std::size_t w = all.begin; w < all.end; ++w) most = std::max(most, seconds_of(w));
    if (most > 0) rows.push_back(row_of(std::string(kLabels[p]), columns, total, seconds_of));
  }
  rows.push_back(row_of("in all", columns, total, [&](std::size_t) { return times.wall_seconds; }));
  rows.push_back(row_of("  of which given to others", columns, total,
                        [&](std::size_t w) { return times.workers[w].preempted_seconds; }));
  return table_lines(rows);
}

}  // namespace trp
