#pragma once

#include "strategy/phase.h"
#include "trp/thread_pool.h"

namespace trp {

/// Calls pool.run(count, task, order). The tasks are recorded as `phase`, but for what they record
/// themselves.
template <class Task>
void fork_join(ThreadPool& pool, PhaseRecorder* phases, Phase phase, int count, const Task& task,
               ClaimOrder order = ClaimOrder::kAscending) {
  const auto join = PhaseScope::fork_join(phases);
  const auto recorded = [&](int index, int worker) {
    const PhaseScope scope(phases, worker, phase);
    task(index, worker);
  };
  pool.run(count, recorded, order);
}

}  // namespace trp
