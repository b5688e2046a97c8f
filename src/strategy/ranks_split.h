#pragma once

#include <cstdint>
#include <span>

#include "trp/plan.h"
#include "trp/tensor.h"

namespace trp {

/// Returns how many bytes each rank sends to others in a step of so many samples, on the average,
/// with kOutputs or kRows.
std::int64_t bytes_of_step(RanksSplit split, std::span<const Index> layer_sizes, Index samples,
                           int ranks);

/// Returns the plan's split or, if that is kAuto, the one of which fewer bytes travel.
RanksSplit choose_split(const Plan& plan, std::span<const Index> layer_sizes, Index batch_size);

}  // namespace trp
