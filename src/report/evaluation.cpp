#include "report/evaluation.h"

#include <algorithm>
#include <cmath>

#include <fmt/color.h>

#include "report/json_values.h"
#include "report/numbers.h"
#include "system/terminal.h"

namespace trp {
namespace {

std::string share_text(double share) {
  return std::isnan(share) ? std::string("-") : fmt::format("{:.2f}%", 100 * share);
}

std::string score_row(std::string_view label, const ClassScore& score) {
  return fmt::format("{:>5}  {:>7}  {:>9}  {:>7}  {:>7}", label, score.sample_count,
                     share_text(score.precision), share_text(score.recall), share_text(score.f1));
}

void write_confusion(LineWriter& out, const Confusion& confusion, bool color) {
  const Index most = *std::ranges::max_element(confusion.counts);
  const auto width =
      std::max(fmt::format("{}", most).size(), fmt::format("{}", confusion.class_count - 1).size());
  std::string header = "class";
  for (Index c = 0; c < confusion.class_count; ++c) header += fmt::format("  {:>{}}", c, width);
  out.write_line(paint(color, fmt::emphasis::bold, header));
  for (Index actual = 0; actual < confusion.class_count; ++actual) {
    std::string row = fmt::format("{:>5}", actual);
    for (Index predicted = 0; predicted < confusion.class_count; ++predicted) {
      const std::string count = fmt::format("  {:>{}}", confusion(actual, predicted), width);
      row += actual == predicted ? paint(color, fmt::emphasis::bold, count) : count;
    }
    out.write_line(row);
  }
}

Json score_object(const ClassScore& score) {
  return {{"samples", score.sample_count},
          {"precision", number_or_null(score.precision)},
          {"recall", number_or_null(score.recall)},
          {"f1", number_or_null(score.f1)}};
}

Json class_object(const Confusion& confusion, Index which) {
  Json object = {{"class", which}};
  object.update(score_object(class_score(confusion, which)));
  return object;
}

}  // namespace

void write_evaluation_text(LineWriter& out, const EvaluationReport& report, bool color) {
  const Score& result = report.result;
  const Confusion& confusion = report.confusion;
  out.write_line(fmt::format(
      "test accuracy  {}   (loss {}, {} samples)",
      paint(color, fmt::emphasis::bold,
            fmt::format("{} ± {}", percent(result.accuracy), percent(result.accuracy_stderr()))),
      loss_text(result.loss), grouped(result.sample_count)));
  out.write_line(fmt::format("weights        {}\n", report.weights));
  out.write_line(paint(color, fmt::emphasis::bold, "class  samples  precision   recall       F1"));
  for (Index c = 0; c < confusion.class_count; ++c) {
    out.write_line(score_row(fmt::format("{}", c), class_score(confusion, c)));
  }
  out.write_line(score_row("mean", mean_score(confusion)));
  out.write_line("\nA row for each class, in the columns the classes its samples were taken for:");
  write_confusion(out, confusion, color);
}

void write_evaluation_json(LineWriter& out, const EvaluationReport& report) {
  const Score& result = report.result;
  const Confusion& confusion = report.confusion;
  Json classes = Json::array(), matrix = Json::array();
  for (Index actual = 0; actual < confusion.class_count; ++actual) {
    classes.push_back(class_object(confusion, actual));
    Json row = Json::array();
    for (Index c = 0; c < confusion.class_count; ++c) row.push_back(confusion(actual, c));
    matrix.push_back(std::move(row));
  }
  const Json object = {{"event", "evaluation"},
                       {"schema", kSchema},
                       {"model", report.model},
                       {"data", report.data},
                       {"test_samples", result.sample_count},
                       {"test_loss", number_or_null(result.loss)},
                       {"test_accuracy", number_or_null(result.accuracy)},
                       {"test_accuracy_stderr", number_or_null(result.accuracy_stderr())},
                       {"weights", report.weights},
                       {"mean", score_object(mean_score(confusion))},
                       {"classes", std::move(classes)},
                       {"confusion", std::move(matrix)}};
  out.write_line(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace trp
