#include "strategy/tensor_parallel.h"

#include <algorithm>
#include <utility>

#include "strategy/fork_join.h"

namespace trp {
namespace {

/// The fewest weights of a layer that are worth a fork-join more in either direction.
constexpr Index kWideLayer = Index{1} << 16;

constexpr int kEachPart = -1;

/// The tiles of the network, those of wide layers cut into the parts that own their columns.
std::vector<Tile> make_tiles_of_parts(const Mlp& mlp, int part_count, std::size_t wide_count) {
  std::vector<Tile> tiles;
  for (const Tile& whole : make_tiles(mlp)) {
    const int count = whole.layer < wide_count ? part_count : 1;
    for (int part = 0; part < count; ++part) {
      Tile tile = whole;
      tile.cols = split_columns(whole.cols.size(), count, part);
      if (!tile.cols.empty()) tiles.push_back(tile);
    }
  }
  return tiles;
}

Mlp make_mlp_of_part(const Mlp& mlp, std::size_t wide_count, Range first_outputs) {
  Mlp own;
  own.layers.resize(mlp.layers.size());
  own.layers[0] = {Tensor(mlp.input_size(), first_outputs.size()), Tensor(1, first_outputs.size()),
                   Tensor()};
  if (is_normalized(mlp, 0)) set_normalization(mlp.normalization, own);
  std::copy(mlp.layers.begin() + static_cast<std::ptrdiff_t>(wide_count), mlp.layers.end(),
            own.layers.begin() + static_cast<std::ptrdiff_t>(wide_count));
  return own;
}

void copy(ConstTensorView from, TensorView to) { to.matrix() = from.matrix(); }

}  // namespace

std::size_t count_wide_layers(std::span<const Index> layer_sizes) {
  std::size_t count = layer_sizes.size() - 1;
  while (count > 1 && layer_sizes[count - 1] * layer_sizes[count] < kWideLayer) --count;
  return count;
}

int max_parts(std::span<const Index> layer_sizes) {
  const auto outputs = layer_sizes.subspan(1, count_wide_layers(layer_sizes));
  return static_cast<int>(round_up(*std::ranges::max_element(outputs), kLineFloats) / kLineFloats);
}

TensorParallel::TensorParallel(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                               ThreadPool& pool)
    : pool_(pool),
      part_count_(std::min(pool.worker_count(), max_parts(layer_sizes(mlp)))),
      wide_count_(count_wide_layers(layer_sizes(mlp))),
      update_(make_tiles_of_parts(mlp, part_count_, wide_count_), mlp, optimizer,
              pool.worker_count()) {
  for (int part = 0; part < part_count_; ++part) {
    Mlp own = make_mlp_of_part(mlp, wide_count_, own_columns(mlp.layers[0].weight.cols(), part));
    Optimizer of_own(own, optimizer.options());
    parts_.push_back({std::move(own), std::move(of_own), BatchBuffers(mlp, form)});
  }
}

/// Calls task(part, worker) for the number of each part.
template <class Task>
void TensorParallel::for_each_part(const StepInput& input, Phase phase, const Task& task) {
  fork_join(pool_, input.phases, phase, part_count_, task, ClaimOrder::kFromBothEnds);
}

Range TensorParallel::own_columns(Index columns, int part) const {
  return split_columns(columns, part_count_, part);
}

/// The part that owns the tile's columns, or kEachPart.
int TensorParallel::owner_of(const Tile& tile) const {
  if (tile.layer >= wide_count_) return kEachPart;
  const Index columns = parts_[0].buffers.activations.outputs[tile.layer].cols();
  int part = 0;
  while (own_columns(columns, part).end <= tile.cols.begin) ++part;
  return part;
}

/// Copies the parts' parameters, and the optimizer's state, from those of the network or to them.
void TensorParallel::copy_parts(Direction direction, Optimizer& optimizer, Mlp& mlp) {
  const auto copy_columns = [&](Tensor& own, Tensor& whole, Range columns) {
    const TensorView columns_of_whole = whole.view().view_cols(columns.begin, columns.end);
    direction == Direction::kToParts ? copy(columns_of_whole, own.view())
                                     : copy(own.view(), columns_of_whole);
  };
  for (int p = 0; p < part_count_; ++p) {
    Part& part = parts_[static_cast<std::size_t>(p)];
    for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
      if (l > 0 && l < wide_count_) continue;
      Layer& own = part.mlp.layers[l];
      Layer& whole = mlp.layers[l];
      const Index width = whole.weight.cols();
      const Range columns = l == 0 ? own_columns(width, p) : Range{0, width};
      const auto copy_layer = [&](auto& to, auto& from) {
        copy_columns(to.weight, from.weight, columns);
        copy_columns(to.bias, from.bias, columns);
      };
      copy_layer(own, whole);
      if (l > 0)
        copy_columns(own.weight_transposed, whole.weight_transposed, {0, whole.weight.rows()});
      for (const auto& [name, state] : kOptimizerStateParts)
        if (!(optimizer.state().*state).layers.empty())
          copy_layer((part.optimizer.state().*state).layers[l],
                     (optimizer.state().*state).layers[l]);
    }
    if (direction == Direction::kToParts) fold(part.mlp);
  }
  if (direction == Direction::kFromParts) fold(mlp);
  parts_are_current_ = direction == Direction::kToParts;
}

void TensorParallel::settle(Optimizer& optimizer, Mlp& mlp) {
  if (parts_are_current_) copy_parts(Direction::kFromParts, optimizer, mlp);
}

/// Where samples are changed as they are copied, each worker does some of them for all.
void TensorParallel::gather_together(const StepInput& input) {
  const auto count = static_cast<int>(std::min<Index>(part_count_, input.sample_count()));
  fork_join(pool_, input.phases, Phase::kGather, count, [&](int shard, int) {
    gather_rows(input, split_evenly(input.sample_count(), count, shard), parts_[0].buffers);
  });
}

/// Copies what the other parts have computed of layer l's outputs or gradients.
void TensorParallel::fetch_columns(const StepInput& input, std::vector<Tensor> Activations::*kind,
                                   std::size_t l, int part) {
  const auto own_tensor = [&](int p) {
    return (parts_[static_cast<std::size_t>(p)].buffers.activations.*kind)[l].view_rows(
        0, input.sample_count());
  };
  const TensorView own = own_tensor(part);
  for (int other = 0; other < part_count_; ++other) {
    const Range columns = own_columns(own.cols(), other);
    if (other != part && !columns.empty())
      copy(own_tensor(other).view_cols(columns.begin, columns.end),
           own.view_cols(columns.begin, columns.end));
  }
}

void TensorParallel::forward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l,
                                        int part, int worker) {
  const Range all = {0, input.sample_count()};
  auto& [own_mlp, optimizer, buffers] = parts_[static_cast<std::size_t>(part)];
  if (l == 0) {
    const PhaseScope scope(input.phases, worker, Phase::kGather);
    gather_rows(input, all, buffers);
  } else {
    fetch_columns(input, &Activations::outputs, l - 1, part);
  }
  const TensorView output = buffers.activations.outputs[l].view_rows(all.begin, all.end);
  const Range own = own_columns(output.cols(), part);
  if (own.empty()) return;
  const InputView x = rows_of_input(batch_of(input, buffers).input(), buffers.activations, all, l);
  Dropout dropout = input.dropout_of(all);
  if (l > 0) return forward_layer(mlp, l, x, own, output, dropout);
  dropout.first_output = own.begin;
  forward_layer(own_mlp, l, x, {0, own.size()}, output.view_cols(own.begin, own.end), dropout);
}

void TensorParallel::compute_narrow_layers(const StepInput& input, int part, int worker) {
  {
    const PhaseScope scope(input.phases, worker, Phase::kForward);
    fetch_columns(input, &Activations::outputs, wide_count_ - 1, part);
  }
  Part& own = parts_[static_cast<std::size_t>(part)];
  compute_rows(input, own.mlp, {0, input.sample_count()}, own.buffers, worker, wide_count_);
}

void TensorParallel::backward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l,
                                         int part) {
  if (l < wide_count_ - 1) fetch_columns(input, &Activations::gradients, l, part);
  Activations& activations = parts_[static_cast<std::size_t>(part)].buffers.activations;
  const auto all_rows = [&](Tensor& tensor) { return tensor.view_rows(0, input.sample_count()); };
  const TensorView result = all_rows(activations.gradients[l - 1]);
  const Range own = own_columns(result.cols(), part);
  if (!own.empty())
    backward_layer(mlp, l, all_rows(activations.gradients[l]), all_rows(activations.outputs[l - 1]),
                   own, result, input.dropout_of({0, input.sample_count()}));
}

void TensorParallel::update_part(const StepInput& input, float scale, int part, int worker,
                                 Optimizer& optimizer, Mlp& mlp) {
  Part& own = parts_[static_cast<std::size_t>(part)];
  const auto source_of = [&](const Tile& tile) { return factors_of(input, tile, part); };
  for (std::size_t t = 0; t < update_.tiles().size(); ++t) {
    Tile place = update_.tiles()[t];
    const int owner = owner_of(place);
    if (owner != part && owner != kEachPart) continue;
    if (place.layer == 0) place.cols = {0, place.cols.size()};
    const bool is_common = place.layer > 0 && place.layer < wide_count_;
    update_.update_tile(static_cast<int>(t), source_of, scale, input, worker, place,
                        is_common ? optimizer : own.optimizer, is_common ? mlp : own.mlp);
  }
  fold_bias(own.mlp);
}

GradientSource TensorParallel::factors_of(const StepInput& input, const Tile& tile,
                                          int part) const {
  const BatchBuffers& buffers = parts_[static_cast<std::size_t>(part)].buffers;
  return tile_factors(batch_of(input, buffers).input(), buffers.activations,
                      {0, input.sample_count()}, tile);
}

StepResult TensorParallel::step(const StepInput& given, Optimizer& optimizer, Mlp& mlp) {
  if (!parts_are_current_) copy_parts(Direction::kToParts, optimizer, mlp);
  StepInput input = given;
  if (!input.batch && input.augmentation.options != AugmentOptions{}) {
    gather_together(input);
    input.batch = &parts_[0].buffers.gathered;
  }
  for (std::size_t l = 0; l < wide_count_; ++l)
    for_each_part(input, Phase::kForward,
                  [&](int part, int worker) { forward_wide_layer(input, mlp, l, part, worker); });

  // Where nothing else is wide, the narrow layers and the update need nothing from other parts.
  const bool is_one_piece = wide_count_ == 1 && !optimizer.clips();
  if (!is_one_piece)
    for_each_part(input, Phase::kOther,
                  [&](int part, int worker) { compute_narrow_layers(input, part, worker); });
  for (std::size_t l = wide_count_ - 1; l > 0; --l)
    for_each_part(input, Phase::kBackward,
                  [&](int part, int) { backward_wide_layer(input, mlp, l, part); });

  const auto owners = [&](int count, const auto& task) {
    for_each_part(input, Phase::kBackward, [&](int part, int worker) {
      for (int t = 0; t < count; ++t)
        if (std::max(owner_of(update_.tiles()[static_cast<std::size_t>(t)]), 0) == part)
          task(t, worker);
    });
  };
  const auto source_of = [&](const Tile& tile) {
    return factors_of(input, tile, std::max(owner_of(tile), 0));
  };
  const float scale = update_.clip(owners, source_of, input, optimizer, mlp);
  for_each_part(input, Phase::kSgd, [&](int part, int worker) {
    if (is_one_piece) compute_narrow_layers(input, part, worker);
    update_part(input, scale, part, worker, optimizer, mlp);
  });
  return sum_results(input, parts_[0].buffers);
}

}  // namespace trp
