#include "strategy/tensor_parallel.h"

#include <algorithm>

#include "strategy/fork_join.h"

namespace trp {
namespace {

/// No more parts than the widest layer has cache lines of outputs.
int parts_of(const Mlp& mlp, int worker_count) {
  Index widest = 0;
  for (const Layer& layer : mlp.layers) widest = std::max(widest, layer.weight.cols());
  return static_cast<int>(
      std::min<Index>(worker_count, round_up(widest, kLineFloats) / kLineFloats));
}

Range outputs_of_part(Index outputs, int part_count, int part) {
  return split_evenly(outputs, part_count, part, kLineFloats);
}

/// Each tile of the network cut into the parts that own its columns.
std::vector<Tile> make_tiles_of_parts(const Mlp& mlp, int part_count) {
  std::vector<Tile> tiles;
  for (const Tile& whole : make_tiles(mlp))
    for (int part = 0; part < part_count; ++part) {
      Tile tile = whole;
      tile.cols = outputs_of_part(whole.cols.size(), part_count, part);
      if (!tile.cols.empty()) tiles.push_back(tile);
    }
  return tiles;
}

}  // namespace

TensorParallel::TensorParallel(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                               ThreadPool& pool)
    : pool_(pool),
      part_count_(parts_of(mlp, pool.worker_count())),
      buffers_(mlp, form),
      update_(make_tiles_of_parts(mlp, part_count_), mlp, optimizer, pool.worker_count()),
      tiles_of_part_(static_cast<std::size_t>(part_count_)) {
  int part = 0;
  for (std::size_t t = 0; t < update_.tiles().size(); ++t) {
    if (update_.tiles()[t].cols.begin == 0) part = 0;
    tiles_of_part_[static_cast<std::size_t>(part++)].push_back(static_cast<int>(t));
  }
}

/// Calls task(range) for the outputs of each part.
template <class Task>
void TensorParallel::for_each_part_of(Index outputs, PhaseRecorder* phases, Phase phase,
                                      const Task& task) {
  fork_join(pool_, phases, phase, part_count_, [&](int part, int) {
    const Range range = outputs_of_part(outputs, part_count_, part);
    if (!range.empty()) task(range);
  });
}

/// Calls task(rows) for shards of the batch: for what is done row by row.
template <class Task>
void TensorParallel::for_each_shard_of(const StepInput& input, Phase phase, const Task& task) {
  const auto count = static_cast<int>(std::min<Index>(pool_.worker_count(), input.sample_count()));
  fork_join(pool_, input.phases, phase, count,
            [&](int shard, int) { task(split_evenly(input.sample_count(), count, shard)); });
}

StepResult TensorParallel::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  const Batch& batch = batch_of(input, buffers_);
  Activations& activations = buffers_.activations;
  const Range all = {0, input.sample_count()};
  const auto rows_of = [&](auto& tensor) { return tensor.view_rows(all.begin, all.end); };
  for_each_shard_of(input, Phase::kGather, [&](Range rows) { gather_rows(input, rows, buffers_); });
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const TensorView output = rows_of(activations.outputs[l]);
    for_each_part_of(output.cols(), input.phases, Phase::kForward, [&](Range range) {
      forward_layer(mlp, l, rows_of_input(batch.input(), activations, all, l), range, output);
    });
  }
  for_each_shard_of(input, Phase::kForward, [&](Range rows) {
    compute_losses(input, rows, activations.outputs.back().view_rows(rows.begin, rows.end),
                   activations.gradients.back().view_rows(rows.begin, rows.end), buffers_);
  });
  for (std::size_t l = mlp.layers.size() - 1; l > 0; --l) {
    const TensorView gradient = rows_of(activations.gradients[l - 1]);
    for_each_part_of(gradient.cols(), input.phases, Phase::kBackward, [&](Range range) {
      backward_layer(mlp, l, rows_of(activations.gradients[l]), rows_of(activations.outputs[l - 1]),
                     range, gradient);
    });
  }
  const auto run = [&](int, const auto& task) {
    fork_join(pool_, input.phases, Phase::kSgd, part_count_, [&](int part, int worker) {
      for (const int tile : tiles_of_part_[static_cast<std::size_t>(part)]) task(tile, worker);
    });
  };
  const auto source_of = [&](const Tile& tile) {
    return tile_factors(batch.input(), activations, all, tile);
  };
  update_.apply(run, source_of, input, optimizer, mlp);
  return sum_results(input, buffers_);
}

}  // namespace trp
