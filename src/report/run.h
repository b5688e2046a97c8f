#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "measure/comparison.h"
#include "profile/times.h"
#include "trp/tensor.h"
#include "trp/trainer.h"

namespace trp {

/// What is reported before the first step.
struct RunStart {
  std::string version;
  Recipe recipe;
  Plan plan;  // with the workers that there are
  int cpus = 1;
  std::string simd;
  std::string data;  // where the data came from, for people
  Index test_samples = 0;
  TrainStart training;
};

/// What is reported at the end.
struct RunSummary {
  const TrainResult& result;
  double total_seconds = 0;  // of the whole command, loading the data included
  std::optional<Comparison> comparison = std::nullopt;
  std::optional<PhaseTimes> times = std::nullopt;
};

/// A reporter: what to do at each event of a training. Empty functions are skipped.
struct RunEvents {
  std::function<void(const RunStart&)> start = {};
  std::function<void(const StepReport&)> step = {};
  std::function<void(const EpochResult&)> epoch = {};
  std::function<void(const RunSummary&)> summary = {};
};

/// Passes each event on to all reporters, in their order.
RunEvents fan_out(std::vector<RunEvents> reporters);

/// Passes events on until one throws: then, and only then, calls `on_failure`, in whose body
/// std::current_exception() is what was thrown.
RunEvents until_failure(RunEvents reporter, std::function<void()> on_failure);

}  // namespace trp
