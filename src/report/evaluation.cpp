#include "report/evaluation.h"

#include <algorithm>

#include <fmt/color.h>
#include <fmt/ranges.h>

#include "core/text.h"
#include "report/numbers.h"
#include "report/picture.h"
#include "report/table.h"
#include "system/terminal.h"
#include "trp/predict.h"

namespace trp {
namespace {

std::string score_row(std::string_view label, const ClassScore& score) {
  return fmt::format("{}  {:>7}  {:>9}  {:>7}  {:>7}", label, score.sample_count,
                     short_percent(score.precision), short_percent(score.recall),
                     short_percent(score.f1));
}

/// The labels of rows about classes, and of one about all, as wide as the widest: numbers to the
/// right, names to the left.
std::vector<std::string> row_labels(const EvaluationReport& report) {
  std::vector<std::string> labels;
  for (Index c = 0; c < report.confusion.class_count; ++c)
    labels.push_back(class_text(report.class_names, c));
  labels.emplace_back("mean");
  std::size_t width = columns_of("class");
  for (const std::string& label : labels) width = std::max(width, columns_of(label));
  for (std::string& label : labels)
    label.insert(report.class_names.empty() ? 0 : label.size(), width - columns_of(label), ' ');
  return labels;
}

void write_confusion(LineWriter& out, const Confusion& confusion,
                     const std::vector<std::string>& labels, bool color) {
  const Index largest = *std::ranges::max_element(confusion.counts);
  const auto width = fmt::formatted_size("{}", std::max(largest, confusion.class_count - 1));
  std::string header = fmt::format("{:<{}}", "class", columns_of(labels[0]));
  for (Index c = 0; c < confusion.class_count; ++c) header += fmt::format("  {:>{}}", c, width);
  out.write_line(paint(color, fmt::emphasis::bold, header));
  for (Index actual = 0; actual < confusion.class_count; ++actual) {
    std::string row = labels[static_cast<std::size_t>(actual)];
    for (Index predicted = 0; predicted < confusion.class_count; ++predicted) {
      const std::string count = fmt::format("  {:>{}}", confusion(actual, predicted), width);
      row += paint(color && actual == predicted, fmt::emphasis::bold, count);
    }
    out.write_line(row);
  }
}

void write_mistakes(LineWriter& out, const EvaluationReport& report) {
  const auto [low, high] = value_range(report.samples);
  for (const Mistake& mistake : report.mistakes) {
    const Index label = report.samples.labels[static_cast<std::size_t>(mistake.row)];
    out.write_line(fmt::format("\nimage {} is {}, taken for {} with a probability of {}",
                               mistake.row, class_text(report.class_names, label),
                               class_text(report.class_names, mistake.predicted),
                               percent(mistake.probability)));
    out.write_line(picture_text(sample_values(report.samples, mistake.row),
                                report.samples.sample_shape, low, high));
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

void add_predictions(EvaluationReport& report, ConstTensorView logits, Index mistakes) {
  const std::vector<std::uint8_t>& labels = report.samples.labels;
  report.confusion = confusion_of(logits, labels);
  report.calibration = calibration_ranges(logits, labels);
  report.calibration_error = calibration_error(report.calibration);
  report.mistakes = most_confident_mistakes(logits, labels, mistakes);
}

std::string class_text(const std::vector<std::string>& names, Index label) {
  if (names.empty()) return fmt::format("{}", label);
  return fmt::format("{} {}", label, printable(names[static_cast<std::size_t>(label)]));
}

std::vector<float> sample_values(const Dataset& samples, Index row) {
  const auto first = static_cast<std::ptrdiff_t>(row * samples.feature_count);
  const auto last = first + static_cast<std::ptrdiff_t>(samples.feature_count);
  if (samples.bytes.empty()) return {samples.values.begin() + first, samples.values.begin() + last};
  return {samples.bytes.begin() + first, samples.bytes.begin() + last};
}

std::pair<float, float> value_range(const Dataset& samples) {
  if (samples.values.empty()) return {0, 255};
  const auto [least, most] = std::ranges::minmax(samples.values);
  return {least, most};
}

std::string accuracy_text(const Score& score) {
  return fmt::format("{} ± {}", percent(score.accuracy), percent(score.accuracy_stderr()));
}

std::string test_accuracy_text(const Score& score, bool color) {
  if (score.sample_count == 0) return "test accuracy  not measured, since training was stopped";
  const std::string accuracy = accuracy_text(score);
  return fmt::format("test accuracy  {}   (loss {}, {} samples)",
                     paint(color, fmt::emphasis::bold, accuracy), loss_text(score.loss),
                     grouped(score.sample_count));
}

void write_evaluation_text(LineWriter& out, const EvaluationReport& report, bool color) {
  const Confusion& confusion = report.confusion;
  out.write_line(test_accuracy_text(report.result, color));
  out.write_line(fmt::format("calibration    {}   (how far probabilities are from the truth)",
                             percent(report.calibration_error)));
  out.write_line(fmt::format("weights        {}{}\n", report.weights, fma_note()));
  const std::vector<std::string> labels = row_labels(report);
  const std::size_t width = columns_of(labels[0]);
  out.write_line(
      paint(color, fmt::emphasis::bold,
            fmt::format("{:<{}}  samples  precision   recall       F1", "class", width)));
  for (Index c = 0; c < confusion.class_count; ++c)
    out.write_line(score_row(labels[static_cast<std::size_t>(c)], class_score(confusion, c)));
  out.write_line(score_row(labels.back(), mean_score(confusion)));
  out.write_line("\nConfusion matrix: a row for each class, a column for each predicted class");
  write_confusion(out, confusion, labels, color);
  write_mistakes(out, report);
}

Json evaluation_document(const EvaluationReport& report) {
  const Confusion& confusion = report.confusion;
  Json classes = Json::array(), matrix = Json::array();
  for (Index actual = 0; actual < confusion.class_count; ++actual) {
    const auto number = static_cast<std::size_t>(actual);
    Json object = {
        {"class", actual},
        {"name", report.class_names.empty() ? Json() : Json(report.class_names[number])}};
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
                   {"calibration_error", report.calibration_error},
                   {"weights", report.weights},
                   {"mean", score_object(mean_score(confusion))},
                   {"classes", std::move(classes)},
                   {"confusion", std::move(matrix)}});
  Json mistakes = Json::array();
  for (const Mistake& mistake : report.mistakes)
    mistakes.push_back({{"index", mistake.row},
                        {"class", report.samples.labels[static_cast<std::size_t>(mistake.row)]},
                        {"prediction", mistake.predicted},
                        {"probability", mistake.probability}});
  document["mistakes"] = std::move(mistakes);
  return document;
}

std::string predictions_csv(ConstTensorView logits, std::span<const std::uint8_t> labels) {
  std::string text(kPredictionsCsvStart);
  for (Index c = 0; c < logits.cols(); ++c) text += fmt::format(",p{}", c);
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    const Index label = labels[static_cast<std::size_t>(row)];
    text += fmt::format("\n{},{},{},{:.6g},{:.6g}", row, label, likeliest_classes(own, 1).front(),
                        loss_of(own, label), fmt::join(probabilities(own), ","));
  }
  return text + "\n";
}

}  // namespace trp
