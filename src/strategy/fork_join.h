#pragma once

#include "strategy/phase.h"
#include "trp/thread_pool.h"

namespace trp {

/// Calls pool.run(count, task), or run_from_both_ends(). The tasks are recorded as `phase`, but for
/// what they record themselves.
template <class Task>
void fork_join(ThreadPool& pool, PhaseRecorder* phases, Phase phase, int count, const Task& task,
               bool from_both_ends = false) {
  const auto join = PhaseScope::fork_join(phases);
  const auto recorded = [&](int index, int worker) {
    const PhaseScope scope(phases, worker, phase);
    task(index, worker);
  };
  from_both_ends ? pool.run_from_both_ends(count, recorded) : pool.run(count, recorded);
}

}  // namespace trp
