#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "report/chart.h"
#include "report/evaluation.h"
#include "report/html.h"
#include "report/numbers.h"
#include "report/tune.h"
#include "train/recipe_json.h"
#include "tune/importance.h"

namespace trp {
namespace {

constexpr double kStub = 1.15;  // how far the path of a trial of one rung is drawn, in epochs

/// A faint path for each trial, and that of the best.
std::string trials_figure(const TuneSummary& summary, std::span<const TrialResult> results) {
  const TrialResult& best = summary.search.results.front();
  std::map<int, Series> paths;
  for (const TrialResult& result : results) {
    if (!result.validation) continue;
    Series& path = paths.try_emplace(result.trial, Series{"", {}, 1, Series::kFaint}).first->second;
    path.points.push_back(
        {static_cast<double>(result.epochs), 100 * (1 - result.validation->accuracy)});
  }
  std::vector<Series> lines;
  for (auto& [trial, path] : paths) {
    std::ranges::sort(path.points, {}, &Point::x);
    const Point last = path.points.back();
    if (path.points.size() == 1) path.points.push_back({kStub * last.x, last.y});
    if (trial != best.trial) lines.push_back(path);
  }
  Series& winner = paths[best.trial];
  lines.push_back({fmt::format("the best, trial {}", best.trial), winner.points, 0, Series::kLine});
  return line_chart("Validation errors of every trial", {.title = "epochs", .logarithmic = true},
                    {.title = "errors, %", .logarithmic = true}, lines);
}

/// How much each option explains of what trials come to at the first rung, where all are.
std::string importance_figure(const TuneStart& start, const TuneSummary& summary,
                              std::span<const TrialResult> results) {
  int first = results.front().epochs;
  for (const TrialResult& result : results) first = std::min(first, result.epochs);
  std::vector<TrialScore> scores;
  for (const TrialResult& result : results)
    if (result.epochs == first && result.validation)
      scores.push_back({to_json(summary.recipe_of(result.trial)), result.validation->accuracy});
  std::vector<Bar> bars;
  for (auto [option, share] : importance_of(start.fields, scores)) {
    std::ranges::replace(option, '_', '-');
    bars.push_back({option, 100 * share});
  }
  return bar_chart(fmt::format("Which option mattered, after {}", count_of(first, "epoch")),
                   {.title = "% of the variance of accuracy that it explains alone", .reach = 100},
                   bars);
}

/// The options come first, to the left.
std::string best_table(const TuneSummary& summary) {
  std::vector<Cells> rows = best_rows(summary);
  for (Cells& row : rows) std::ranges::rotate(row, row.end() - 1);
  return html_table(rows);
}

}  // namespace

std::string tune_page(const TuneStart& start, const TuneSummary& summary,
                      std::span<const TrialResult> results, const std::string& command_line) {
  const TrialResult& best = summary.search.results.front();
  PageHead head = {"tune",
                   percent(best.validation->accuracy) + " validation accuracy",
                   {{"trials", grouped(std::ssize(summary.search.results))},
                    {"epochs trained", grouped(summary.search.epochs_trained)},
                    {"validation accuracy", accuracy_text(*best.validation)}},
                   environment_facts(command_line, start.environment)};
  head.facts.insert(head.facts.begin() + 1, {{"data", start.data}, {"the best", summary.command}});
  if (const auto& trained = summary.trained; trained && trained->test.sample_count > 0) {
    head.title = percent(trained->test.accuracy) + " test accuracy";
    head.figures.insert(head.figures.begin(), {"test accuracy", accuracy_text(trained->test)});
    head.facts.push_back({"weights", trained->weights});
  }
  const std::string figures =
      trials_figure(summary, results) + importance_figure(start, summary, results);
  return html_page(
      head,
      page_section("The search",
                   "Each line is a trial; where it ends, it was not promoted, and training ended.",
                   figures) +
          page_section("The ten best", "", best_table(summary)));
}

}  // namespace trp
