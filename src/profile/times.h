#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace trp {

/// A phase is a number from 0 to kMaxPhases − 1. What it means is its user's business.
inline constexpr int kMaxPhases = 15;

/// Where a worker's time went. An inner phase is not part of the outer one's time.
struct WorkerTimes {
  std::array<double, kMaxPhases> seconds = {};  // their sum is the wall time
  bool is_first = false;                        // of its process: at work outside fork-joins, too
  double preempted_seconds = 0;  // CPU time taken by other programs while the worker had work to do

  double of(int phase) const { return seconds[static_cast<std::size_t>(phase)]; }
};

struct PhaseTimes {
  double wall_seconds = 0;
  int cpus = 1;
  std::vector<WorkerTimes> workers;
  double fork_join_seconds = 0;  // the sum over all fork-joins
  /// The sum over all fork-joins of how long the busiest worker had a task and did not wait at a
  /// barrier in it.
  double busiest_seconds = 0;
};

/// A phase of a worker from its beginning to its end, in ticks.
struct PhaseEvent {
  std::int16_t phase;
  std::int16_t item;  // what the phase was about; −1: nothing
  std::int32_t step;  // counted from 0; −1: between steps
  std::int64_t begin;
  std::int64_t end;
};

}  // namespace trp
