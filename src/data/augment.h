#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"
#include "trp/recipe.h"

namespace trp {

inline constexpr float kNoiseDeviation = 0.01F;
inline constexpr Index kMaxShift = 2;  // pixels

/// All that the random changes of a sample depend on besides its number in the data set. They do
/// not depend on who makes them, nor on the batch.
struct Augmentation {
  AugmentOptions options;
  std::uint64_t seed = 0;
  int epoch = 0;
};

/// Throws UsageError if the samples are not images and shall be shifted.
void check_augmentation(const AugmentOptions& options, const Dataset& dataset);

/// Writes the sample with the changes that are asked for: as floats, bytes scaled by 1/255, or if
/// it consists of bytes and no noise is asked for as bytes, unscaled. `values` has room for
/// feature_count. Any number of threads may call it at once.
template <class Value>
void copy_sample(const Dataset& dataset, std::uint32_t sample, const Augmentation& augmentation,
                 std::span<Value> values);

}  // namespace trp
