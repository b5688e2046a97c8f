#pragma once

#include <cstdint>

#include "trp/recipe.h"

namespace trp {

/// Returns the learning rate of a step, counted from 0 through all epochs. It rises linearly to the
/// recipe's over the epochs of warm-up; then, with p from 0 to 1 over the steps that remain, it is
/// the recipe's times
///   constant 1 · linear 1 − p · cosine (1 + cos πp) / 2 (Loshchilov & Hutter, SGDR, ICLR 2017)
///   · step 1, 0.1 from p = 1/2, 0.01 from p = 3/4 · triangle from 0 to 1 at p = 1/5, then to 0.
double learning_rate_at(const Recipe& recipe, std::int64_t steps_per_epoch, std::int64_t step);

}  // namespace trp
