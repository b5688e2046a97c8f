#include <algorithm>
#include <array>
#include <map>

#include <fmt/ranges.h>

#include "report/bench_others.h"
#include "report/bench_report.h"
#include "report/budget_table.h"
#include "report/chart.h"
#include "report/html.h"
#include "report/numbers.h"
#include "train/words.h"

namespace trp {
namespace {

using Rows = std::vector<BenchRow>;

Point scaling_point(double workers, double speedup, bool as_efficiency) {
  return {workers, as_efficiency ? 100 * speedup / workers : speedup};
}

/// A line for each plan, dashed where Amdahl's law fitted to it goes, and the ideal.
std::string scaling_figure(const Rows& rows, bool as_efficiency) {
  constexpr std::array<int, 6> kColors = {0, 1, 2, 3, 4, 7};
  int most = 1;
  for (const BenchRow& row : rows) most = std::max(most, total_workers(row.plan));
  std::vector<Series> lines = {
      {"ideal",
       {scaling_point(1, 1, as_efficiency), scaling_point(most, most, as_efficiency)},
       6,
       Series::kDashed}};
  std::map<std::string, std::size_t> places;
  for (const BenchRow& row : rows) {
    if (row.is_sequential()) continue;
    const std::string name = plan_name(row.plan);
    if (places.try_emplace(name, lines.size()).second)
      lines.push_back({name, {}, kColors[(lines.size() - 1) % kColors.size()]});
    lines[places[name]].points.push_back(
        scaling_point(total_workers(row.plan), row.speedup().median, as_efficiency));
  }
  for (const AmdahlFit& fit : fit_all(rows)) {
    Series law = {"", {}, lines[places[plan_name(fit.plan)]].color, Series::kDashed};
    for (int workers = 1; fit.serial_fraction && workers <= most; ++workers)
      law.points.push_back(
          scaling_point(workers, amdahl_speedup(*fit.serial_fraction, workers), as_efficiency));
    lines.push_back(law);
  }
  return line_chart(as_efficiency ? "Efficiency" : "Speedup; dashed: Amdahl's law, fitted",
                    {.title = "workers", .from_zero = false, .is_whole = true},
                    {.title = as_efficiency ? "efficiency, %" : "times as fast as sequential"},
                    lines);
}

std::string lane_label(const BenchRow& row) {
  return fmt::format("{}, {}", plan_name(row.plan), workers_text(row));
}

std::string seconds_figure(const Rows& rows) {
  std::vector<Bar> bars;
  for (const BenchRow& row : rows)
    bars.push_back({lane_label(row), median(row.seconds), row.seconds});
  return bar_chart("Time of a run: median, quartiles, each run", {.title = "seconds"}, bars);
}

std::string budget_figure(const Rows& rows) {
  constexpr std::array<int, kBudgetPartCount> kColors = {0, 4, 3, 1, 9, 6, 2, 5, 8, 7};
  std::vector<Kind> kinds;
  std::vector<Lane> lanes;
  for (const BenchRow& row : rows) {
    if (!row.budget) continue;
    const Json parts = budget_object(*row.budget);
    std::vector<double> shares;
    for (const auto& part : parts.items()) {
      if (lanes.empty()) kinds.push_back({part.key(), kColors[kinds.size()]});
      shares.push_back(100 * part.value().get<double>());
    }
    lanes.push_back(stacked(lane_label(row), shares));
  }
  return lane_chart("What became of the workers' time", {.title = "% of it", .reach = 100}, kinds,
                    lanes);
}

}  // namespace

std::string bench_page(const BenchContext& context, const std::vector<BenchRow>& rows,
                       std::string_view steps, const std::string& command) {
  const std::vector<std::string> verdict = bench_verdict(rows);
  std::string sections = verdict.size() > 1 ? "<ul>\n" : "";
  for (const std::string& sentence : verdict)
    if (&sentence != &verdict.front()) sections += fmt::format("<li>{}</li>\n", escaped(sentence));
  if (!sections.empty()) sections += "</ul>\n";
  for (const auto& [batch_size, group] : by_batch_size(rows)) {
    std::string figures = scaling_figure(group, false) + scaling_figure(group, true) +
                          seconds_figure(group) + budget_figure(group);
    if (const auto factors = pop_table(group); factors.size() > 1) figures += html_table(factors);
    const bool has_star = std::ranges::any_of(group, &BenchRow::oversubscribed);
    sections += page_section(fmt::format("Batch size {}", batch_size),
                             has_star ? "A star: more workers than CPUs." : "", figures);
  }
  for (const OthersTable& table : others_tables(rows))
    sections += page_section(table.title, "", html_table(table.rows));
  if (!steps.empty()) sections += page_section("A typical step of each", "", steps);
  PageHead head = {"bench", verdict.front(), {}, environment_facts(command, context.environment)};
  const std::string network = fmt::format("{}", fmt::join(context.layers, " → "));
  head.facts.insert(head.facts.begin() + 1, {{"data", context.data}, {"network", network}});
  return html_page(head, sections);
}

}  // namespace trp
