#include "strategy/parameter_update.h"

#include <algorithm>

namespace trp {

ParameterUpdate::ParameterUpdate(const Mlp& mlp, const Sgd& sgd, int worker_count)
    : tiles_(make_tiles(mlp)) {
  Index widest = 0;
  for (const Layer& layer : mlp.layers) widest = std::max(widest, layer.weight.cols());
  for (int worker = 0; worker < worker_count; ++worker)
    scratch_.emplace_back(kTileInputs + 1, widest);
  if (sgd.clips()) {
    whole_ = make_gradient(mlp);
    gradients_.resize(tiles_.size());
    squared_norms_.resize(tiles_.size());
  }
}

TileGradient ParameterUpdate::scratch_of(const Tile& tile, const Mlp& mlp, int worker) {
  Tensor& scratch = scratch_[static_cast<std::size_t>(worker)];
  const Index cols = mlp.layers[tile.layer].weight.cols();
  return {TensorView(scratch.row(0), tile.rows.size(), cols, scratch.stride()),
          TensorView(scratch.row(kTileInputs), tile.with_bias ? 1 : 0, cols, scratch.stride())};
}

double ParameterUpdate::sum_of_squared_norms() const {
  double sum = 0;
  for (const double squared_norm : squared_norms_) sum += squared_norm;
  return sum;
}

}  // namespace trp
