#include "report/evaluation.h"

#include <algorithm>
#include <utility>

#include <fmt/color.h>
#include <fmt/format.h>

#include "core/text.h"
#include "report/json.h"
#include "report/numbers.h"
#include "system/terminal.h"

namespace trp {
namespace {

std::string score_row(std::string_view label, const ClassScore& score) {
  return fmt::format("{:>5}  {:>7}  {:>9}  {:>7}  {:>7}", label, score.sample_count,
                     short_percent(score.precision), short_percent(score.recall),
                     short_percent(score.f1));
}

void write_confusion(LineWriter& out, const Confusion& confusion, bool color) {
  const Index largest = *std::ranges::max_element(confusion.counts);
  const auto width = fmt::formatted_size("{}", std::max(largest, confusion.class_count - 1));
  std::string header = "class";
  for (Index c = 0; c < confusion.class_count; ++c) header += fmt::format("  {:>{}}", c, width);
  out.write_line(paint(color, fmt::emphasis::bold, header));
  for (Index actual = 0; actual < confusion.class_count; ++actual) {
    std::string row = fmt::format("{:>5}", actual);
    for (Index predicted = 0; predicted < confusion.class_count; ++predicted) {
      const std::string count = fmt::format("  {:>{}}", confusion(actual, predicted), width);
      row += paint(color && actual == predicted, fmt::emphasis::bold, count);
    }
    out.write_line(row);
  }
}

Json score_object(const ClassScore& score) {
  return {{"samples", score.sample_count},
          {"precision", score.precision},
          {"recall", score.recall},
          {"f1", score.f1}};
}

}  // namespace

std::string setting_line(std::string_view label, std::string_view text, bool color) {
  return fmt::format("{} {}", paint(color, fmt::emphasis::bold, fmt::format("{:<9}", label)),
                     printable(text));
}

std::string test_accuracy_text(const Score& score, bool color) {
  if (score.sample_count == 0) return "test accuracy  not measured, since training was stopped";
  const std::string accuracy =
      fmt::format("{} ± {}", percent(score.accuracy), percent(score.accuracy_stderr()));
  return fmt::format("test accuracy  {}   (loss {}, {} samples)",
                     paint(color, fmt::emphasis::bold, accuracy), loss_text(score.loss),
                     grouped(score.sample_count));
}

void write_evaluation_text(LineWriter& out, const EvaluationReport& report, bool color) {
  const Confusion& confusion = report.confusion;
  out.write_line(test_accuracy_text(report.result, color));
  out.write_line(fmt::format("weights        {}{}\n", report.weights, fma_note()));
  out.write_line(paint(color, fmt::emphasis::bold, "class  samples  precision   recall       F1"));
  for (Index c = 0; c < confusion.class_count; ++c)
    out.write_line(score_row(fmt::format("{}", c), class_score(confusion, c)));
  out.write_line(score_row("mean", mean_score(confusion)));
  out.write_line("\nConfusion matrix: a row for each class, a column for each predicted class");
  write_confusion(out, confusion, color);
}

void write_evaluation_json(LineWriter& out, const EvaluationReport& report) {
  const Confusion& confusion = report.confusion;
  Json classes = Json::array(), matrix = Json::array();
  for (Index actual = 0; actual < confusion.class_count; ++actual) {
    Json object = {{"class", actual}};
    object.update(score_object(class_score(confusion, actual)));
    classes.push_back(std::move(object));
    Json row = Json::array();
    for (Index c = 0; c < confusion.class_count; ++c) row.push_back(confusion(actual, c));
    matrix.push_back(std::move(row));
  }
  Json document = document_of("evaluation", report.environment);
  document.update({{"model", report.model},
                   {"data", report.data},
                   {"test_samples", report.result.sample_count},
                   {"test_loss", report.result.loss},
                   {"test_accuracy", report.result.accuracy},
                   {"test_accuracy_stderr", report.result.accuracy_stderr()},
                   {"weights", report.weights},
                   {"mean", score_object(mean_score(confusion))},
                   {"classes", std::move(classes)},
                   {"confusion", std::move(matrix)}});
  out.write_line(to_text(document));
}

}  // namespace trp
