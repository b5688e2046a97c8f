#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "trp/tensor.h"

namespace trp {

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

/// Counts for each label the classes that are likeliest by the logits, a row for each sample.
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

}  // namespace trp
