#pragma once

#include "strategy/phase.h"
#include "trp/thread_pool.h"

namespace trp {

/// Calls pool.run(count, task). The tasks are recorded as `phase`, but for what they record
/// themselves.
template <class Task>
void fork_join(ThreadPool& pool, PhaseRecorder* phases, Phase phase, int count, const Task& task) {
  const auto join = PhaseScope::fork_join(phases);
  pool.run(count, [&](int index, int worker) {
    const PhaseScope scope(phases, worker, phase);
    task(index, worker);
  });
}

}  // namespace trp
