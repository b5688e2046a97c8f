#pragma once

#include "trp/dataset.h"
#include "trp/plan.h"
#include "trp/recipe.h"

namespace trp {

/// The plan that is likely to train fastest, of those that keep the bits.
struct Choice {
  Plan plan;
  int tried = 0;           // plans, sequential training among them
  double speedup = 1;      // over sequential training, as measured
  double seconds = 0;      // that choosing took
  double lost_share = 0;   // of the time, which others' use of the CPUs has cost at most
  bool is_certain = true;  // that could not have made the choice
};

/// More workers have to be faster than fewer, or than sequential training, by this factor to be
/// chosen.
inline constexpr double kMinGain = 1.03;

/// Races sequential training and the strategies, data parallelism merged in each way that keeps the
/// bits, on a few steps of a network of its own each; with `base.workers` workers, or, when that is
/// 0, with 2, 4, … up to as many as CPUs. Ends after about `limit_seconds`. Where a step takes so
/// long that nothing could be compared, the choice is data parallelism, untried. What is not tried
/// is as in `base`.
Choice choose_plan(const Recipe& recipe, const Plan& base, const Dataset& samples, int cpus,
                   double limit_seconds);

}  // namespace trp
