#pragma once

#include <cstdint>

#include "trp/recipe.h"

namespace trp {

/// How the learning rate changes over a training of `total_steps` steps.
struct LearningRateSchedule {
  LearningRateScheduleKind kind = LearningRateScheduleKind::kConstant;
  double base_rate = 0.1;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 1;
};

/// Returns the rate of a step, counted from 0 to total_steps − 1. It rises linearly to the base
/// rate over the warm-up; then, with p from 0 to 1 over the steps that remain, it is the base rate
/// times
///   constant 1 · linear 1 − p · cosine (1 + cos πp) / 2 (Loshchilov & Hutter, SGDR, ICLR 2017)
///   · step 1, 0.1 from p = 1/2, 0.01 from p = 3/4.
double learning_rate_at(const LearningRateSchedule& schedule, std::int64_t step);

}  // namespace trp
