#pragma once

#include "core/random.h"
#include "data/dataset.h"

namespace trp {

/// Makes samples that a small network can tell apart: each class has a random pattern of bytes,
/// half of them zero, and each sample is its class's pattern with noise. The same arguments give
/// the same samples.
inline Dataset synthetic_dataset(Index sample_count, Index feature_count, int class_count,
                                 std::uint64_t seed) {
  Dataset dataset;
  dataset.sample_shape = {feature_count};
  dataset.sample_count = sample_count;
  dataset.feature_count = feature_count;
  RandomStream noise(seed, RandomPurpose::kShuffle);
  for (Index i = 0; i < sample_count; ++i) {
    const auto label =
        static_cast<std::uint8_t>(noise.below(static_cast<std::uint32_t>(class_count)));
    dataset.labels.push_back(label);
    RandomStream pattern(1, RandomPurpose::kWeights, 0, label);
    for (Index f = 0; f < feature_count; ++f) {
      const std::uint32_t pixel = pattern.below(2) * pattern.below(200);
      dataset.bytes.push_back(static_cast<std::uint8_t>(pixel + noise.below(pixel / 2 + 1)));
    }
  }
  return dataset;
}

/// Makes a training and a test set of such samples.
inline DataSets synthetic_data(Index train_count, Index test_count, Index feature_count,
                               int class_count) {
  return {synthetic_dataset(train_count, feature_count, class_count, 1),
          synthetic_dataset(test_count, feature_count, class_count, 2), "synthetic"};
}

}  // namespace trp
