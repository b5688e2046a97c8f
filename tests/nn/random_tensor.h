#pragma once

#include "trp/core/random.h"
#include "trp/core/tensor.h"

namespace trp {

/// Elements uniform in [−1, 1).
inline Tensor random_tensor(Index rows, Index cols, RandomStream& random) {
  Tensor tensor(rows, cols);
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) tensor(r, c) = 2 * random.uniform() - 1;
  return tensor;
}

/// What the numbers are for does not matter in tests.
inline RandomStream test_random(std::uint64_t seed) { return {seed, RandomPurpose::kWeights}; }

}  // namespace trp
