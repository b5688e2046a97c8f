#include "train/classification.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/elementary.h"
#include "trp/predict.h"

namespace trp {
namespace {

constexpr std::size_t kRanges = 15;

std::span<const float> row_of(ConstTensorView logits, Index row) {
  return {logits.row(row), static_cast<std::size_t>(logits.cols())};
}

/// What the network takes a sample for, and how surely.
Mistake prediction_of(ConstTensorView logits, Index row) {
  const std::span<const float> own = row_of(logits, row);
  const Index predicted = likeliest_classes(own, 1).front();
  return {row, predicted, probabilities(own)[static_cast<std::size_t>(predicted)]};
}

/// 0/0 is NaN.
double share(Index part, Index whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Confusion confusion_of(ConstTensorView logits, std::span<const std::uint8_t> labels) {
  Confusion confusion(logits.cols());
  for (Index row = 0; row < logits.rows(); ++row) {
    const Index predicted = likeliest_classes(row_of(logits, row), 1).front();
    ++confusion(labels[static_cast<std::size_t>(row)], predicted);
  }
  return confusion;
}

ClassScore class_score(const Confusion& confusion, Index label) {
  Index actual = 0, predicted = 0;
  for (Index other = 0; other < confusion.class_count; ++other) {
    actual += confusion(label, other);
    predicted += confusion(other, label);
  }
  const Index right = confusion(label, label);
  return {.sample_count = actual,
          .precision = share(right, predicted),
          .recall = share(right, actual),
          .f1 = share(2 * right, actual + predicted)};
}

ClassScore mean_score(const Confusion& confusion) {
  constexpr double ClassScore::*kFigures[] = {&ClassScore::precision, &ClassScore::recall,
                                              &ClassScore::f1};
  ClassScore mean;
  int classes = 0;
  for (Index label = 0; label < confusion.class_count; ++label) {
    const ClassScore score = class_score(confusion, label);
    if (score.sample_count == 0) continue;
    ++classes;
    mean.sample_count += score.sample_count;
    for (const auto figure : kFigures)
      if (!std::isnan(score.*figure)) mean.*figure += score.*figure;
  }
  for (const auto figure : kFigures) mean.*figure /= classes;
  return mean;
}

std::vector<Mistake> most_confident_mistakes(ConstTensorView logits,
                                             std::span<const std::uint8_t> labels, Index count) {
  std::vector<Mistake> mistakes;
  if (count == 0) return mistakes;
  for (Index row = 0; row < logits.rows(); ++row)
    if (const Mistake mistake = prediction_of(logits, row);
        mistake.predicted != labels[static_cast<std::size_t>(row)])
      mistakes.push_back(mistake);
  std::ranges::stable_sort(mistakes, std::greater(), &Mistake::probability);
  mistakes.resize(std::min(mistakes.size(), static_cast<std::size_t>(count)));
  return mistakes;
}

std::vector<CalibrationRange> calibration_ranges(ConstTensorView logits,
                                                 std::span<const std::uint8_t> labels) {
  std::vector<CalibrationRange> ranges(kRanges);
  for (Index row = 0; row < logits.rows(); ++row) {
    const Mistake prediction = prediction_of(logits, row);
    const double probability = prediction.probability;
    const auto number = static_cast<std::size_t>(std::ceil(probability * kRanges)) - 1;
    CalibrationRange& range = ranges[std::min(number, kRanges - 1)];
    ++range.sample_count;
    range.probability += probability;
    range.right += prediction.predicted == labels[static_cast<std::size_t>(row)] ? 1 : 0;
  }
  return ranges;
}

double calibration_error(std::span<const CalibrationRange> ranges) {
  double sum = 0;
  Index samples = 0;
  for (const CalibrationRange& range : ranges) {
    sum += std::abs(range.probability - range.right);
    samples += range.sample_count;
  }
  return sum / static_cast<double>(samples);
}

double loss_of(std::span<const float> logits, Index label) {
  const float largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += exp_of_negative(logit - largest);
  return log_of_normal(sum) - double{logits[static_cast<std::size_t>(label)] - largest};
}

}  // namespace trp
