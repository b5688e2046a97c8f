#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trp/tensor.h"

namespace trp {

// What a network takes labelled samples for and how surely, by its logits, a row for each.

/// How often samples of each class were taken for each class.
struct Confusion {
  explicit Confusion(Index classes)
      : class_count(classes), counts(static_cast<std::size_t>(classes * classes)) {}

  Index& operator()(Index actual, Index predicted) {
    return counts[static_cast<std::size_t>(actual * class_count + predicted)];
  }
  Index operator()(Index actual, Index predicted) const {
    return counts[static_cast<std::size_t>(actual * class_count + predicted)];
  }

  Index class_count;
  std::vector<Index> counts;
};

/// Counts for each label the classes that are likeliest.
Confusion confusion_of(ConstTensorView logits, std::span<const std::uint8_t> labels);

/// How well one class is told from the others; 0 … 1. NaN where there is nothing to divide by: no
/// sample of the class, or none taken for it.
struct ClassScore {
  Index sample_count = 0;
  double precision = 0;  // of the samples taken for the class, the share that are of it
  double recall = 0;     // of the samples of the class, the share taken for it
  double f1 = 0;         // their harmonic mean
};

/// Returns how well a class, by its label, is told from the others.
ClassScore class_score(const Confusion& confusion, Index label);

/// Returns the means over the classes that have samples, each as heavy as another. The precision of
/// one that nothing was taken for counts as 0.
ClassScore mean_score(const Confusion& confusion);

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
