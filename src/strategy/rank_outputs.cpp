#include "strategy/rank_outputs.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "strategy/fork_join.h"
#include "strategy/tensor_parallel.h"

namespace trp {
namespace {

constexpr int kEachRank = -1;

void end_gather(const StepInput& input, Columns& columns) {
  const auto scope = PhaseScope::common(input.phases, Phase::kBarrier);
  columns.end_gather();
}

Range slice_of(const StepInput& input, int slice, int slices) {
  return split_evenly(input.sample_count(), slices, slice);
}

}  // namespace

RankOutputs::Tiles RankOutputs::make_rank_tiles(const Mlp& mlp, std::size_t wide_count,
                                                const Cluster& cluster) {
  Tiles tiles;
  const auto add = [&tiles](Tile tile, Range cols, bool is_own) {
    tile.cols = cols;
    if (is_own) tiles.own.push_back(static_cast<int>(tiles.all.size()));
    tiles.all.push_back(tile);
  };
  for (const Tile& whole : make_tiles(mlp)) {
    const int owners = whole.layer < wide_count ? cluster.size() : 1;
    for (int owner = 0; owner < owners; ++owner) {
      const Range cols = split_columns(whole.cols.size(), owners, owner);
      if (cols.empty()) continue;
      tiles.owners.push_back(owners == 1 ? kEachRank : owner);
      add(whole, cols, owners == 1 || owner == cluster.rank());
    }
  }
  for (Tile tile : make_tiles(mlp)) {
    if (tile.layer == 0 || tile.layer >= wide_count) continue;
    const Layer& layer = mlp.layers[tile.layer];
    const Range rows = split_columns(layer.weight.rows(), cluster.size(), cluster.rank());
    const Range cols = split_columns(layer.weight.cols(), cluster.size(), cluster.rank());
    tile.rows = {std::max(tile.rows.begin, rows.begin), std::min(tile.rows.end, rows.end)};
    tile.with_bias = false;
    if (tile.rows.begin >= tile.rows.end) continue;
    for (const Range others : {Range{0, cols.begin}, Range{cols.end, layer.weight.cols()}})
      if (!others.empty()) add(tile, others, true);
  }
  return tiles;
}

RankOutputs::RankOutputs(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                         ThreadPool& pool, Cluster& cluster)
    : pool_(pool),
      cluster_(cluster),
      wide_count_(count_wide_layers(layer_sizes(mlp))),
      tiles_(make_rank_tiles(mlp, wide_count_, cluster)),
      buffers_(mlp, form),
      update_(tiles_.all, mlp, optimizer, pool.worker_count(),
              tiles_.all.size() - tiles_.owners.size()),
      norm_blocks_(cluster.size()) {
  const Index slice = split_evenly(form.capacity, kSlices, 0).size();
  for (std::size_t l = 0; l < wide_count_; ++l) {
    const Index cols = mlp.layers[l].weight.cols();
    outputs_.push_back({Columns(slice, cols, cluster), Columns(slice, cols, cluster)});
    gradients_.emplace_back(l > 0 && l + 1 < wide_count_ ? form.capacity : 0, cols, cluster);
  }
  if (!optimizer.clips()) return;
  int offset = 0;
  for (int rank = 0; rank < cluster.size(); ++rank) {
    int& count = norm_blocks_.counts[static_cast<std::size_t>(rank)];
    for (std::size_t t = 0; t < tiles_.owners.size(); ++t)
      if (tiles_.owners[t] == rank)
        count += static_cast<int>(tiles_.all[t].cols.size() * Index{sizeof(double)});
    norm_blocks_.offsets[static_cast<std::size_t>(rank)] = offset;
    offset += count;
  }
  norms_.resize(static_cast<std::size_t>(offset) / sizeof(double));
}

Range RankOutputs::own_columns(Index columns) const {
  return split_columns(columns, cluster_.size(), cluster_.rank());
}

/// Calls task(shard, worker) for a shard of the rows for each worker.
template <class Task>
void RankOutputs::for_each_shard(const StepInput& input, Range rows, Phase phase,
                                 const Task& task) {
  const int count = std::min(pool_.worker_count(), static_cast<int>(rows.size()));
  if (count == 0) return;
  fork_join(pool_, input.phases, phase, count, [&](int index, int worker) {
    const Range shard = split_evenly(rows.size(), count, index);
    task(Range{rows.begin + shard.begin, rows.begin + shard.end}, worker);
  });
}

void RankOutputs::forward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l) {
  const std::vector<Tensor>& outputs = buffers_.activations.outputs;
  for (int s = 0; s < kSlices; ++s) {
    const Range slice = slice_of(input, s, kSlices);
    const auto in_slice = [&](Range rows) {
      return Range{rows.begin - slice.begin, rows.end - slice.begin};
    };
    const auto of_slice = [&](std::size_t layer) {
      return buffers_.activations.outputs[layer].view_rows(slice.begin, slice.end);
    };
    if (l > 0) end_gather(input, outputs_[l - 1][static_cast<std::size_t>(s)]);
    Columns& columns = outputs_[l][static_cast<std::size_t>(s)];
    for_each_shard(input, slice, Phase::kForward, [&](Range rows, int worker) {
      if (l == 0) {
        const PhaseScope scope(input.phases, worker, Phase::kGather);
        gather_rows(input, rows, buffers_);
      } else {
        outputs_[l - 1][static_cast<std::size_t>(s)].give(of_slice(l - 1), in_slice(rows));
      }
      const InputView x =
          rows_of_input(batch_of(input, buffers_).input(), buffers_.activations, rows, l);
      const Range own = own_columns(outputs[l].cols());
      if (own.empty()) return;
      forward_layer(mlp, l, x, own, buffers_.activations.outputs[l].view_rows(rows.begin, rows.end),
                    input.dropout_of(rows));
      columns.take(of_slice(l), in_slice(rows));
    });
    columns.begin_gather(of_slice(l), cluster_);
  }
}

void RankOutputs::compute_narrow_layers(const StepInput& input, const Mlp& mlp) {
  const std::size_t last_wide = wide_count_ - 1;
  for (int s = 0; s < kSlices; ++s) {
    const Range slice = slice_of(input, s, kSlices);
    Columns& columns = outputs_[last_wide][static_cast<std::size_t>(s)];
    end_gather(input, columns);
    for_each_shard(input, slice, Phase::kOther, [&](Range rows, int worker) {
      columns.give(buffers_.activations.outputs[last_wide].view_rows(slice.begin, slice.end),
                   {rows.begin - slice.begin, rows.end - slice.begin});
      compute_rows(input, mlp, rows, buffers_, worker, wide_count_);
    });
  }
}

/// Computes this rank's columns of the gradient with respect to the output of layer l − 1.
void RankOutputs::backward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l) {
  const Range all = {0, input.sample_count()};
  Activations& activations = buffers_.activations;
  const auto of_all = [&](std::size_t layer) {
    return activations.gradients[layer].view_rows(all.begin, all.end);
  };
  const bool is_whole = l == wide_count_ - 1;  // as the narrow layers have left it
  if (!is_whole) end_gather(input, gradients_[l]);
  for_each_shard(input, all, Phase::kBackward, [&](Range rows, int) {
    if (!is_whole) gradients_[l].give(of_all(l), rows);
    const TensorView result = activations.gradients[l - 1].view_rows(rows.begin, rows.end);
    const Range own = own_columns(result.cols());
    if (own.empty()) return;
    backward_layer(mlp, l, activations.gradients[l].view_rows(rows.begin, rows.end),
                   activations.outputs[l - 1].view_rows(rows.begin, rows.end), own, result,
                   input.dropout_of(rows));
    if (l > 1) gradients_[l - 1].take(of_all(l - 1), rows);
  });
  if (l > 1) gradients_[l - 1].begin_gather(of_all(l - 1), cluster_);
}

/// Lets every rank have the norms of the others' tiles.
void RankOutputs::exchange_norms() {
  const auto for_each_norm = [this](int first, int end, const auto& visit) {
    double* norm = norms_.data() + norm_blocks_.offsets[static_cast<std::size_t>(first)] /
                                       static_cast<int>(sizeof(double));
    for (int rank = first; rank < end; ++rank)
      for (std::size_t t = 0; t < tiles_.owners.size(); ++t)
        if (tiles_.owners[t] == rank)
          for (double& of_column : update_.squared_column_norms_of(static_cast<int>(t)))
            visit(of_column, *norm++);
  };
  for_each_norm(cluster_.rank(), cluster_.rank() + 1,
                [](double& of_column, double& norm) { norm = of_column; });
  cluster_.gather(std::span(norms_), norm_blocks_).wait();
  for_each_norm(0, cluster_.size(), [](double& of_column, double& norm) { of_column = norm; });
}

void RankOutputs::update(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  const Range all = {0, input.sample_count()};
  const Batch& batch = batch_of(input, buffers_);
  const auto source_of = [&](const Tile& tile) -> GradientSource {
    return tile_factors(batch.input(), buffers_.activations, all, tile);
  };
  const auto for_each_own = [&](const auto& task) {
    fork_join(
        pool_, input.phases, Phase::kSgd, static_cast<int>(tiles_.own.size()),
        [&](int index, int worker) { task(tiles_.own[static_cast<std::size_t>(index)], worker); },
        ClaimOrder::kFromBothEnds);
  };
  const auto form_all = [&](int /*count*/, const auto& task) {
    for_each_own(task);
    exchange_norms();
  };
  const float scale = update_.clip(form_all, source_of, input, optimizer, mlp);
  for_each_own([&](int index, int worker) {
    update_.update_tile(index, source_of, scale, input, worker,
                        tiles_.all[static_cast<std::size_t>(index)], optimizer, mlp);
  });
  const Range own = own_columns(mlp.layers[0].weight.cols());
  if (!own.empty()) fold_bias(mlp, own);
}

StepResult RankOutputs::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  is_settled_ = false;
  for (std::size_t l = 0; l < wide_count_; ++l) forward_wide_layer(input, mlp, l);
  compute_narrow_layers(input, mlp);
  for (std::size_t l = wide_count_ - 1; l > 0; --l) backward_wide_layer(input, mlp, l);
  update(input, optimizer, mlp);
  return sum_results(input, buffers_);
}

/// Fetches the others' columns of the wide layers' parameters and of the optimizer's state.
void RankOutputs::settle(Optimizer& optimizer, Mlp& mlp) {
  if (std::exchange(is_settled_, true)) return;
  const auto fetch = [this](Tensor& tensor) {
    Columns columns(tensor.rows(), tensor.cols(), cluster_);
    const Range all = {0, tensor.rows()};
    columns.take(tensor.view(), all);
    columns.begin_gather(tensor.view(), cluster_);
    columns.end_gather();
    columns.give(tensor.view(), all);
  };
  for (std::size_t l = 0; l < wide_count_; ++l) {
    fetch(mlp.layers[l].weight);
    fetch(mlp.layers[l].bias);
    for (const auto& [name, part] : kOptimizerStateParts) {
      if ((optimizer.state().*part).layers.empty()) continue;
      auto& of_layer = (optimizer.state().*part).layers[l];
      fetch(of_layer.weight);
      fetch(of_layer.bias);
    }
  }
  if (wide_count_ > 1) transpose_weights(mlp);
  fold(mlp);
}

}  // namespace trp
