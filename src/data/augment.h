#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"
#include "trp/recipe.h"

namespace trp {

inline constexpr float kNoiseDeviation = 0.01F;
inline constexpr Index kLargestShift = 2;  // pixels

/// All that the random changes depend on, but for the sample's number in its data set: not on who
/// makes them, nor in which batch.
struct Augmentation {
  AugmentOptions options;
  std::uint64_t seed = 0;
  int epoch = 0;
};

/// Throws UsageError if the samples are not images and shall be shifted.
void check_augmentation(const AugmentOptions& options, const Dataset& dataset);

/// Writes the sample's values, bytes scaled by 1/255, with the changes that are asked for.
/// `values` has room for feature_count. Any number of threads may call it at once.
void copy_sample(const Dataset& dataset, std::uint32_t sample, const Augmentation& augmentation,
                 std::span<float> values);

/// The same bytes unscaled, from a data set of bytes and without noise.
void copy_sample(const Dataset& dataset, std::uint32_t sample, const Augmentation& augmentation,
                 std::span<std::uint8_t> bytes);

}  // namespace trp
