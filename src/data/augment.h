#pragma once

#include <cstdint>
#include <span>

#include "data/dataset.h"

namespace trp {

inline constexpr float kNoiseDeviation = 0.01F;
inline constexpr Index kLargestShift = 2;  // pixels

/// Random changes to training samples, other ones in each epoch.
struct AugmentOptions {
  /// Adds a normal number of deviation kNoiseDeviation to each value. Bytes, which are 0 … 1 when
  /// scaled, stay within that; the range of other values is not known, so they are not clipped.
  bool noise = false;
  /// Moves the whole image by up to kLargestShift pixels up or down and left or right, any of
  /// these places being as likely as another. What moves in from outside is zero.
  /// An image is height × width [× channels …]: the first two dimensions of a sample.
  bool shift = false;

  bool operator==(const AugmentOptions&) const = default;
};

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
