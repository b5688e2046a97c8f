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

StepResult TensorParallel::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  const Index sample_count = input.sample_count();
  const Batch& batch = batch_of(input, buffers_);
  std::vector<Tensor>& outputs = buffers_.activations.outputs;
  std::vector<Tensor>& gradients = buffers_.activations.gradients;
  const auto rows_of = [&](auto& tensor) { return tensor.view_rows(0, sample_count); };
  const auto input_of_layer = [&](std::size_t l) -> InputView {
    return l == 0 ? view_rows(batch.input(), 0, sample_count) : rows_of(outputs[l - 1]);
  };

  // What is done row by row is shared out by rows.
  const int shard_count = std::min(pool_.worker_count(), static_cast<int>(sample_count));
  const auto for_rows = [&](Phase phase, const auto& task) {
    fork_join(pool_, input.phases, phase, shard_count,
              [&](int shard, int) { task(split_evenly(sample_count, shard_count, shard)); });
  };
  for_rows(Phase::kGather, [&](Range rows) { gather_rows(input, rows, buffers_); });
  for (std::size_t l = 0; l < mlp.layers.size(); ++l)
    for_each_part_of(outputs[l].cols(), input.phases, Phase::kForward, [&](Range range) {
      forward_layer(mlp, l, input_of_layer(l), range, rows_of(outputs[l]));
    });
  for_rows(Phase::kForward, [&](Range rows) {
    compute_losses(input, rows, outputs.back().view_rows(rows.begin, rows.end),
                   gradients.back().view_rows(rows.begin, rows.end), buffers_);
  });
  for (std::size_t l = mlp.layers.size() - 1; l > 0; --l)
    for_each_part_of(outputs[l - 1].cols(), input.phases, Phase::kBackward, [&](Range range) {
      backward_layer(mlp, l, rows_of(gradients[l]), rows_of(outputs[l - 1]), range,
                     rows_of(gradients[l - 1]));
    });

  const auto run = [&](int, const auto& task) {
    fork_join(pool_, input.phases, Phase::kSgd, part_count_, [&](int part, int worker) {
      for (const int tile : tiles_of_part_[static_cast<std::size_t>(part)]) task(tile, worker);
    });
  };
  const auto source_of = [&](const Tile& tile) {
    return tile_factors(input_of_layer(tile.layer), rows_of(gradients[tile.layer]), tile);
  };
  update_.apply(run, source_of, input, optimizer, mlp);
  return sum_results(input, buffers_);
}

}  // namespace trp
