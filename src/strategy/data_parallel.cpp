#include "strategy/data_parallel.h"

#include <algorithm>
#include <cassert>

#include "strategy/fork_join.h"

namespace trp {

DataParallel::DataParallel(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                           MergeKind merge, ThreadPool& pool)
    : pool_(pool),
      buffers_(mlp, form),
      update_(make_tiles(mlp), mlp, optimizer, pool.worker_count()),
      accumulator_(mlp, update_.tiles(), merge, pool.worker_count()) {}

StepResult DataParallel::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  const Index sample_count = input.sample_count();
  accumulator_.begin(batch_of(input, buffers_), buffers_.activations, input.phases);
  const auto compute_and_merge = [&](Range rows, int shard, int worker) {
    accumulator_.merge_shard([&] { compute_rows(input, mlp, rows, buffers_, worker); }, rows, shard,
                             worker);
  };
  fork_join_shards(pool_, input.phases, Phase::kOther, {0, sample_count}, compute_and_merge);
  assert(accumulator_.merged_count() == sample_count);

  const auto run = [&](int count, const auto& task) {
    fork_join(pool_, input.phases, Phase::kSgd, count, task, ClaimOrder::kFromBothEnds);
  };
  const auto source_of = [&](const Tile& tile) { return accumulator_.gradient_of(tile, mlp); };
  update_.apply(run, source_of, input, optimizer, mlp);
  return sum_results(input, buffers_);
}

}  // namespace trp
