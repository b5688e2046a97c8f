#pragma once

#include <array>

#include "profile/times.h"

namespace trp {

/// What becomes of the time that P workers have, P·T for a training of T seconds. Of more workers
/// than CPUs only as many as CPUs count: the others have no time.
enum class BudgetPart {
  kUseful,     // as long as the work takes sequentially
  kSlower,     // by how much the same work takes longer: memory bandwidth, shared caches, frequency
  kMerge,      // adding gradients to one another
  kMergeWait,  // for the merge's locks and turns
  kImbalance,  // waiting at a barrier for the worker that has most to do
  kBarrier,    // the rest of fork-joins: waking, sharing out, and the bubble of a pipeline
  kRanks,      // waiting for what other ranks send
  kLoad,       // waiting for batches from the loaders
  kSerial,     // all workers of a process but one, while that one works outside fork-joins
  kPreempted,  // CPU time that the system gave to others while a worker had work to do
};
inline constexpr std::size_t kBudgetPartCount = 10;

struct Budget {
  double total_seconds = 0;                           // P·T
  std::array<double, kBudgetPartCount> seconds = {};  // sum: total_seconds
  double sequential_seconds = 0;                      // of work in the sequential training

  double of(BudgetPart part) const { return seconds[static_cast<std::size_t>(part)]; }
  double share(BudgetPart part) const { return of(part) / total_seconds; }
};

/// `times` of a training whose work is that of the training with `sequential` times; both may be
/// sums over equally many runs. Evaluation is left out. When workers take CPUs from one another,
/// in a pipeline of more stages than CPUs, that is no time given to others. Workers that wait for a
/// CPU to begin with look idle: `lost_seconds`, if known, are those of all workers.
Budget make_budget(const PhaseTimes& times, const PhaseTimes& sequential, double lost_seconds = 0);

/// The part that costs most, kUseful aside.
BudgetPart largest_loss(const Budget& budget);

/// The factors of efficiency of the POP model (POP Centre of Excellence, "Standard Metrics for
/// Performance Analysis of Parallel Applications", pop-coe.eu), whose product, with the share of
/// the CPUs that the system left to the training, is the efficiency: sequential seconds over P·T.
/// Here threads take the place of processes; communication is the merge, and that of ranks.
struct PopFactors {
  double load_balance = 1;         // work, over work and imbalance
  double serialisation = 1;        // that, over it and waiting for what others do alone
  double transfer = 1;             // that, over it, merging, fork-joins and ranks
  double computation_scaling = 1;  // work done sequentially, over the same work here; may exceed 1
  double availability = 1;         // not in the model: CPU time had, over CPU time wanted

  double efficiency() const {
    return load_balance * serialisation * transfer * computation_scaling * availability;
  }
};

PopFactors pop_factors(const Budget& budget);

/// Times of runs one after the other, by the same workers.
PhaseTimes& operator+=(PhaseTimes& sum, const PhaseTimes& times);

}  // namespace trp
