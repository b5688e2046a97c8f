#pragma once

#include <cstdint>
#include <vector>

#include "trp/tensor.h"

namespace trp {

/// Which samples are for training and which for validation, and in what order an epoch visits them.
struct Sampler {
  std::vector<std::uint32_t> train;       // ascending
  std::vector<std::uint32_t> validation;  // ascending
  std::uint64_t seed = 1;
  bool shuffle = true;
};

/// Divides the first `sample_count` samples: round(validation_share · sample_count) of them, drawn
/// at random by the seed, are for validation. 0 ≤ validation_share < 1.
Sampler make_sampler(Index sample_count, double validation_share, std::uint64_t seed, bool shuffle);

/// Writes the training samples to `order`, whose memory is reused, in the order of an epoch,
/// counted from 1. The order is a function of (seed, epoch) alone.
void epoch_order(const Sampler& sampler, int epoch, std::vector<std::uint32_t>& order);

}  // namespace trp
