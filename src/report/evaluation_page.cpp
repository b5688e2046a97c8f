#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/chart.h"
#include "report/evaluation.h"
#include "report/html.h"
#include "report/numbers.h"
#include "report/picture.h"

namespace trp {
namespace {

constexpr Index kMaxUnits = 60;

std::string class_figures(const Confusion& confusion, const std::vector<std::string>& names) {
  std::vector<Bar> bars;
  std::vector<Cells> rows = {{"class", "samples", "precision", "recall", "F1"}};
  for (Index c = 0; c < confusion.class_count; ++c) {
    const ClassScore score = class_score(confusion, c);
    bars.push_back({names[static_cast<std::size_t>(c)], 100 * score.recall});
    rows.push_back({bars.back().label, grouped(score.sample_count), short_percent(score.precision),
                    short_percent(score.recall), short_percent(score.f1)});
  }
  return bar_chart("How much of each class is found", {.title = "recall, %", .reach = 100}, bars) +
         html_table(rows);
}

std::string calibration_figure(const EvaluationReport& report) {
  const Series truth = {"if they were true", {{0, 0}, {100, 100}}, 6, Series::kDashed};
  Series found = {"right, %", {}};
  for (const auto& [sample_count, probability, right] : report.calibration) {
    const auto percents = 100 / static_cast<double>(sample_count);
    if (sample_count > 0) found.points.push_back({percents * probability, percents * right});
  }
  return line_chart(
      fmt::format("Probabilities are {} from the truth", percent(report.calibration_error)),
      {.title = "probability of the predicted class, %", .reach = 100},
      {.title = "predictions that are right, %", .reach = 100}, {truth, found});
}

std::string mistakes_html(const EvaluationReport& report) {
  Sprite sprite = make_sprite(report.samples.sample_shape);
  const auto [low, high] = value_range(report.samples);
  for (const Mistake& mistake : report.mistakes)
    add_image(
        sprite, sample_values(report.samples, mistake.row), low, high,
        fmt::format("{} as {}, {:.1f} %",
                    class_text(report.class_names,
                               report.samples.labels[static_cast<std::size_t>(mistake.row)]),
                    class_text(report.class_names, mistake.predicted), 100 * mistake.probability));
  return sprite_html("mistakes", sprite);
}

std::string units_html(const EvaluationReport& report, const Tensor& weight) {
  Sprite sprite = make_sprite(report.samples.sample_shape);
  std::vector<float> values(static_cast<std::size_t>(weight.rows()));
  for (Index unit = 0; unit < std::min(weight.cols(), kMaxUnits); ++unit) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = weight(static_cast<Index>(i), unit);
    const auto [low, high] = std::ranges::minmax(values);
    const float largest = std::max(std::abs(low), std::abs(high));
    add_image(sprite, values, -largest, largest, fmt::format("unit {}", unit + 1));
  }
  return sprite_html("units", sprite);
}

}  // namespace

std::string evaluation_sections(const EvaluationReport& report, const Mlp& mlp) {
  std::vector<std::string> names;
  for (Index c = 0; c < report.confusion.class_count; ++c)
    names.push_back(class_text(report.class_names, c));
  std::string html =
      page_section("What it takes for what", "",
                   heat_map("Confusion matrix", names, report.confusion.counts) +
                       class_figures(report.confusion, names) + calibration_figure(report));
  if (!report.mistakes.empty())
    html += page_section("The most confident mistakes",
                         "What an image is, what it is taken for, and how surely.",
                         mistakes_html(report));
  const Tensor& weight = mlp.layers.front().weight;
  return html +
         page_section("What the first layer looks for",
                      fmt::format("The weights of {} of {} units, each by its largest: white "
                                  "adds to the unit's sum, black takes off.",
                                  std::min(weight.cols(), kMaxUnits), weight.cols()),
                      units_html(report, weight));
}

std::string evaluation_page(const EvaluationReport& report, const Mlp& mlp,
                            const std::string& command) {
  const Score& score = report.result;
  const std::string accuracy = percent(score.accuracy);
  PageHead head = {
      "eval",
      fmt::format("{} of {} test samples are right", accuracy, grouped(score.sample_count)),
      {{"test accuracy", accuracy_text(score)},
       {"test loss", loss_text(score.loss)},
       {"mean F1", percent(mean_score(report.confusion).f1)}},
      environment_facts(command, report.environment)};
  const std::string network = network_text(layer_sizes(mlp), parameter_count(mlp));
  head.facts.insert(head.facts.begin() + 1, {{"model", report.model},
                                             {"network", network},
                                             {"weights", report.weights},
                                             {"data", report.data}});
  return html_page(head, evaluation_sections(report, mlp));
}

}  // namespace trp
