#pragma once

#include <cstdint>
#include <span>

#include "trp/train_state.h"

namespace trp {

/// Throws Error unless a training of the recipe, with layers of these sizes and epochs of this many
/// steps, may have been in such a state.
void check_resumable(const TrainState& state, const Recipe& recipe, std::span<const Index> sizes,
                     std::int64_t steps_per_epoch);

/// Puts the mean parameters, if there are such, in the place of the network's.
void take_average(const OptimizerState& optimizer, Mlp& mlp);

}  // namespace trp
