#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trp/tensor.h"

namespace trp {

// How sure a network is of what it says of samples, by its logits, a row for each.

/// A sample that was taken for another class than its own.
struct Mistake {
  Index row = 0;
  Index predicted = 0;
  float probability = 0;  // of that class, as the network sees it
};

/// Returns at most `count` mistakes, the most confident one first, of equals the first one.
std::vector<Mistake> most_confident_mistakes(ConstTensorView logits,
                                             std::span<const std::uint8_t> labels, Index count);

/// The predictions of a range of probabilities.
struct CalibrationRange {
  Index sample_count = 0;
  double probability = 0;  // of the predicted classes: the sum
  double right = 0;        // how many predictions are
};

/// Returns 15 equal ranges of the probability of the predicted class, in ascending order.
std::vector<CalibrationRange> calibration_ranges(ConstTensorView logits,
                                                 std::span<const std::uint8_t> labels);

/// Returns the expected calibration error: how far the probability of the predicted class is from
/// the share of right predictions, in the mean over 15 equal ranges of the former (Guo et al., "On
/// calibration of modern neural networks", ICML 2017). NaN without samples.
double calibration_error(std::span<const CalibrationRange> ranges);

/// Returns −ln softmax(logits)[label] of one sample.
double loss_of(std::span<const float> logits, Index label);

}  // namespace trp
