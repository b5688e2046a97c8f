#include "strategy/data_parallel.h"

#include <algorithm>
#include <cassert>

namespace trp {

DataParallel::DataParallel(const Mlp& mlp, const Sgd& sgd, Index batch_size, MergeKind merge,
                           ThreadPool& pool)
    : pool_(pool),
      buffers_(mlp, batch_size),
      update_(mlp, sgd, pool.worker_count()),
      accumulator_(mlp, update_.tiles(), merge, pool.worker_count()) {}

StepResult DataParallel::step(const StepInput& input, Sgd& sgd, Mlp& mlp) {
  const auto sample_count = static_cast<Index>(input.samples.size());
  const int shard_count = std::min(pool_.worker_count(), static_cast<int>(sample_count));
  accumulator_.begin();
  pool_.run(shard_count, [&](int shard, int worker) {
    compute_shard(input, mlp, split_evenly(sample_count, shard_count, shard), shard, worker);
  });
  assert(accumulator_.merged_count() == sample_count);

  const Batch& batch = batch_of(input, buffers_);
  const auto run = [&](int count, const auto& task) { pool_.run(count, task); };
  const auto form = [&](const Tile& tile, TileGradient scratch) {
    return accumulator_.gradient_of_tile(batch, buffers_.activations, tile, scratch);
  };
  update_.apply(run, form, input.learning_rate, sgd, mlp);
  return sum_results(buffers_, input.samples.size());
}

void DataParallel::compute_shard(const StepInput& input, const Mlp& mlp, Range rows, int shard,
                                 int worker) {
  try {
    compute_rows(input, mlp, rows, buffers_);
    accumulator_.add_shard(batch_of(input, buffers_), buffers_.activations, rows, shard, worker);
  } catch (...) {
    accumulator_.cancel();  // or the shards behind this one would wait for it for ever
    throw;
  }
}

}  // namespace trp
