#pragma once

#include <algorithm>

#include "core/partition.h"
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

/// Calls task(shard, index, worker) for a shard of the rows, none of them empty, for each worker.
template <class Task>
void fork_join_shards(ThreadPool& pool, PhaseRecorder* phases, Phase phase, Range rows,
                      const Task& task) {
  const int count = std::min(pool.worker_count(), static_cast<int>(rows.size()));
  if (count == 0) return;
  fork_join(pool, phases, phase, count, [&](int index, int worker) {
    const Range shard = split_evenly(rows.size(), count, index);
    task(Range{rows.begin + shard.begin, rows.begin + shard.end}, index, worker);
  });
}

}  // namespace trp
