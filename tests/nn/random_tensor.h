#pragma once

#include <vector>

#include "nn/reference.h"

namespace trp {

/// What the numbers are for does not matter in tests.
inline RandomStream test_random(std::uint64_t seed) { return {seed, RandomPurpose::kWeights}; }

/// Zeros but for a share `density`; whole rows and columns of zeros too. What lies around the bytes
/// is not zero, as around a part of a batch.
inline ByteTensor random_bytes(Index rows, Index cols, float density, RandomStream& random) {
  ByteTensor tensor(rows, cols);
  const auto is_empty = [&] { return random.below(8) == 0; };
  std::vector<bool> empty_column(static_cast<std::size_t>(cols));
  for (auto&& empty : empty_column) empty = is_empty();
  for (Index r = 0; r < rows; ++r) {
    const bool empty_row = is_empty();
    for (Index c = 0; c < cols; ++c)
      if (!empty_row && !empty_column[static_cast<std::size_t>(c)] && random.uniform() < density)
        tensor(r, c) = static_cast<std::uint8_t>(1 + random.below(255));
    for (Index c = cols; c < tensor.stride(); ++c) tensor(r, c) = 255;
  }
  return tensor;
}

}  // namespace trp
