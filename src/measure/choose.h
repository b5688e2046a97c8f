#pragma once

#include <optional>

#include "train/trainer.h"

namespace trp {

/// How training is likely to be fastest, of schedules with the same bits.
struct Choice {
  StrategyOptions strategy;
  int workers = 1;
  int tried = 0;       // schedules, sequential training among them
  double speedup = 1;  // over sequential training, as measured
  double seconds = 0;  // that the choice took
};

/// A parallel schedule has to be faster than sequential training by this factor to be chosen.
inline constexpr double kLeastGain = 1.03;

/// Tries sequential training and the strategies, data parallelism merged in each way that keeps the
/// bits, in turns on a few steps of a network of its own; of `workers` workers, or, when there is
/// no value, of 2, 4, … up to as many as CPUs. Ends after about `limit_seconds`. Where a step takes
/// so long that nothing could be compared, the choice is data parallelism, untried.
/// What is not tried is as in options.strategy.
Choice choose_schedule(const TrainOptions& options, const Dataset& train,
                       std::optional<int> workers, int cpus, double limit_seconds);

}  // namespace trp
