#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/partition.h"
#include "core/tensor.h"
#include "data/augment.h"
#include "data/dataset.h"
#include "nn/kernels.h"

namespace trp {

/// The samples of one step, ready for the network: floats, or bytes for their zeros to be skipped.
/// Workers may gather different rows at once.
struct Batch {
  Batch(Index capacity, Index feature_count, ZeroInputs zero_inputs = ZeroInputs::kMultiply);

  /// Of all rows.
  InputView input() const;

  Tensor floats;     // [capacity, features], or
  ByteTensor bytes;  // the same
  std::vector<std::uint8_t> labels;
};

/// Copies samples[rows.begin], …, samples[rows.end − 1] of the data set into the same rows of the
/// batch. Bytes are scaled by 1/255 unless the batch is one of bytes, other values are taken as
/// they are; then they are augmented.
/// Throws std::out_of_range for a sample that the data set has no label for, std::invalid_argument
/// if a batch of bytes is to take floats or noise.
void gather(const Dataset& dataset, std::span<const std::uint32_t> samples, Range rows,
            Batch& batch, const Augmentation& augmentation = {});

}  // namespace trp
