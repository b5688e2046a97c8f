#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/partition.h"
#include "data/dataset.h"
#include "nn/kernels.h"
#include "trp/recipe.h"
#include "trp/tensor.h"

namespace trp {

/// All that the random changes of a sample depend on besides its number in the data set. They do
/// not depend on who makes them, nor on the batch.
struct Augmentation {
  AugmentOptions options;
  std::uint64_t seed = 0;
  int epoch = 0;
};

/// Throws UsageError if the samples are not images and shall be shifted.
void check_augmentation(const AugmentOptions& options, const Dataset& dataset);

/// What a batch holds: floats, or bytes, whose zeros the kernels skip. It changes no bit.
enum class BatchElements { kFloats, kBytes };

/// Returns the elements that serve training best. To skip zeros pays with bytes, unless more than
/// about two thirds of them are something else or noise makes them so.
BatchElements choose_elements(const Dataset& dataset, const AugmentOptions& augment);

/// All that a batch of any data set has in common with another.
struct BatchForm {
  Index capacity = 1;  // samples
  BatchElements elements = BatchElements::kFloats;
};

/// The samples of one step, ready for the network. Workers may gather different rows at once.
struct Batch {
  Batch(const BatchForm& form, Index feature_count);

  /// Returns all rows as the kernels take them.
  InputView input() const;

  Tensor floats;     // [capacity, features], or
  ByteTensor bytes;  // the same
  std::vector<std::uint8_t> labels;
};

/// Copies samples[rows.begin], …, samples[rows.end − 1] of the data set into the same rows of the
/// batch. Bytes are scaled by 1/255 unless the batch is one of bytes, other values are taken as
/// they are; then they are augmented.
/// Labels are copied if the data set has any.
/// Throws std::out_of_range for a sample that the data set does not have, std::invalid_argument
/// if a batch of bytes is to take floats or noise.
void gather(const Dataset& dataset, std::span<const std::uint32_t> samples, Range rows,
            Batch& batch, const Augmentation& augmentation = {});

}  // namespace trp
