#include "strategy/data_parallel.h"

#include <algorithm>
#include <cassert>

#include "nn/mlp.h"
#include "strategy/fork_join.h"

namespace trp {

DataParallel::DataParallel(const Mlp& mlp, const Sgd& sgd, const BatchForm& form, MergeKind merge,
                           ThreadPool& pool)
    : pool_(pool),
      buffers_(mlp, form),
      update_(make_tiles(mlp), mlp, sgd, pool.worker_count()),
      accumulator_(mlp, update_.tiles(), merge, pool.worker_count()) {}

StepResult DataParallel::step(const StepInput& input, Sgd& sgd, Mlp& mlp) {
  const auto sample_count = static_cast<Index>(input.samples.size());
  const int shard_count = std::min(pool_.worker_count(), static_cast<int>(sample_count));
  const Batch& batch = batch_of(input, buffers_);
  accumulator_.begin(input.phases);
  fork_join(pool_, input.phases, Phase::kOther, shard_count, [&](int shard, int worker) {
    const Range rows = split_evenly(sample_count, shard_count, shard);
    accumulator_.merge_shard([&] { compute_rows(input, mlp, rows, buffers_, worker); }, batch,
                             buffers_.activations, rows, shard, worker);
  });
  assert(accumulator_.merged_count() == sample_count);

  const auto run = [&](int count, const auto& task) {
    fork_join(pool_, input.phases, Phase::kSgd, count, task);
  };
  if (accumulator_.sums_gradients()) {
    const auto gradient_of = [&](const Tile& tile, int) { return accumulator_.sum_of_tile(tile); };
    update_.apply_gradients(run, gradient_of, input.learning_rate, sgd, mlp);
  } else {
    const auto factors_of = [&](const Tile& tile) {
      return tile_factors(batch.input(), buffers_.activations, {0, sample_count}, tile);
    };
    update_.apply_factors(run, factors_of, input, sgd, mlp);
  }
  return sum_results(buffers_, input.samples.size());
}

}  // namespace trp
