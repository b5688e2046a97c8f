#pragma once

#include "trp/nn/checks.h"

namespace trp {

/// What the numbers are for does not matter in tests.
inline RandomStream test_random(std::uint64_t seed) { return {seed, RandomPurpose::kWeights}; }

}  // namespace trp
