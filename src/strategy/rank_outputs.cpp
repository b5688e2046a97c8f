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
  const auto scope = PhaseScope::common(input.phases, Phase::kRanks);
  columns.end_gather();
}

/// Rows of the batch, as they are counted in the slice that they are of.
Range within(Range slice, Range rows) { return {rows.begin - slice.begin, rows.end - slice.begin}; }

TensorView of_rows(Tensor& tensor, Range rows) { return tensor.view_rows(rows.begin, rows.end); }

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
  const Index slice = split_evenly(form.capacity, Index{kSlices}, 0).size();
  for (std::size_t l = 0; l < wide_count_; ++l) {
    const Index cols = mlp.layers[l].weight.cols();
    Columns::check_size(mlp.layers[l].weight.rows(), cols);  // which settle() exchanges
    outputs_.push_back({Columns(slice, cols, cluster), Columns(slice, cols, cluster)});
    gradients_.emplace_back(l > 0 && l + 1 < wide_count_ ? form.capacity : 0, cols, cluster);
  }
  if (!optimizer.clips()) return;
  int offset = 0;
  for (int rank = 0; rank < cluster.size(); ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    norm_blocks_.offsets[r] = offset;
    for (std::size_t t = 0; t < tiles_.owners.size(); ++t) {
      if (tiles_.owners[t] != rank) continue;
      divided_tiles_.push_back(static_cast<int>(t));
      offset += static_cast<int>(tiles_.all[t].cols.size() * Index{sizeof(double)});
    }
    norm_blocks_.counts[r] = offset - norm_blocks_.offsets[r];
  }
  norms_.resize(static_cast<std::size_t>(offset) / sizeof(double));
}

Range RankOutputs::slice_of(const StepInput& input, std::size_t slice) {
  return split_evenly(input.sample_count(), Index{kSlices}, static_cast<Index>(slice));
}

Range RankOutputs::own_columns(Index columns) const {
  return split_columns(columns, cluster_.size(), cluster_.rank());
}

void RankOutputs::forward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l) {
  Activations& activations = buffers_.activations;
  for (std::size_t s = 0; s < kSlices; ++s) {
    const Range slice = slice_of(input, s);
    const TensorView outputs = of_rows(activations.outputs[l], slice);
    const Range own = own_columns(outputs.cols());
    if (l > 0) end_gather(input, outputs_[l - 1][s]);
    const auto compute = [&](Range rows, int, int worker) {
      if (l == 0) {
        const PhaseScope scope(input.phases, worker, Phase::kGather);
        gather_rows(input, rows, buffers_);
      } else {
        outputs_[l - 1][s].give(of_rows(activations.outputs[l - 1], slice), within(slice, rows));
      }
      if (own.empty()) return;
      const InputView x = rows_of_input(batch_of(input, buffers_).input(), activations, rows, l);
      forward_layer(mlp, l, x, own, of_rows(activations.outputs[l], rows), input.dropout_of(rows));
      outputs_[l][s].take(outputs, within(slice, rows));
    };
    fork_join_shards(pool_, input.phases, Phase::kForward, slice, compute);
    outputs_[l][s].begin_gather(outputs, cluster_);
  }
}

void RankOutputs::compute_narrow_layers(const StepInput& input, const Mlp& mlp) {
  Tensor& last_outputs = buffers_.activations.outputs[wide_count_ - 1];
  for (std::size_t s = 0; s < kSlices; ++s) {
    const Range slice = slice_of(input, s);
    Columns& columns = outputs_.back()[s];
    end_gather(input, columns);
    const auto compute = [&](Range rows, int, int worker) {
      columns.give(of_rows(last_outputs, slice), within(slice, rows));
      compute_rows(input, mlp, rows, buffers_, worker, wide_count_);
    };
    fork_join_shards(pool_, input.phases, Phase::kOther, slice, compute);
  }
}

/// Computes this rank's columns of the gradient with respect to the output of layer l − 1.
void RankOutputs::backward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l) {
  const Range all = {0, input.sample_count()};
  Activations& activations = buffers_.activations;
  const TensorView gradient = of_rows(activations.gradients[l], all),
                   result = of_rows(activations.gradients[l - 1], all);
  const Range own = own_columns(result.cols());
  const bool is_whole = l == wide_count_ - 1;  // as the narrow layers have left it
  if (!is_whole) end_gather(input, gradients_[l]);
  const auto compute = [&](Range rows, int, int) {
    if (!is_whole) gradients_[l].give(gradient, rows);
    if (own.empty()) return;
    backward_layer(mlp, l, gradient.view_rows(rows.begin, rows.end),
                   of_rows(activations.outputs[l - 1], rows), own,
                   result.view_rows(rows.begin, rows.end), input.dropout_of(rows));
    if (l > 1) gradients_[l - 1].take(result, rows);
  };
  fork_join_shards(pool_, input.phases, Phase::kBackward, all, compute);
  if (l > 1) gradients_[l - 1].begin_gather(result, cluster_);
}

/// Lets every rank have the norms of the others' tiles.
void RankOutputs::exchange_norms(const StepInput& input) {
  const auto scope = PhaseScope::common(input.phases, Phase::kRanks);
  const auto for_each_norm = [this](const auto& visit) {
    double* norm = norms_.data();
    for (const int tile : divided_tiles_)
      for (double& of_column : update_.squared_column_norms_of(tile))
        visit(tiles_.owners[static_cast<std::size_t>(tile)], of_column, *norm++);
  };
  for_each_norm([this](int owner, double of_column, double& norm) {
    if (owner == cluster_.rank()) norm = of_column;
  });
  cluster_.gather(std::span(norms_), norm_blocks_).wait();
  for_each_norm([](int /*owner*/, double& of_column, double norm) { of_column = norm; });
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
    exchange_norms(input);
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
