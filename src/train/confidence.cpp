#include "train/confidence.h"

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

}  // namespace

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
