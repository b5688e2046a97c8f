#include "strategy/parameter_update.h"
#include "nn/mlp.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace trp {

ParameterUpdate::ParameterUpdate(std::vector<Tile> tiles, const Mlp& mlp, const Sgd& sgd,
                                 int worker_count)
    : tiles_(std::move(tiles)) {
  Index widest = 0;
  for (const Tile& tile : tiles_) widest = std::max(widest, tile.cols.size());
  for (int worker = 0; worker < worker_count; ++worker)
    scratch_.emplace_back(kTileInputs + 1, widest);
  if (!sgd.clips()) return;
  whole_ = make_gradient(mlp);
  gradients_.resize(tiles_.size());
  first_norm_ = {0};
  for (const Tile& tile : tiles_)
    first_norm_.push_back(first_norm_.back() + static_cast<std::size_t>(tile.cols.size()));
  squared_column_norms_.resize(first_norm_.back());
}

TileGradient ParameterUpdate::scratch_of(const Tile& tile, int worker) {
  Tensor& scratch = scratch_[static_cast<std::size_t>(worker)];
  const Index cols = tile.cols.size();
  return {TensorView(scratch.row(0), tile.rows.size(), cols, scratch.stride()),
          TensorView(scratch.row(kTileInputs), tile.with_bias ? 1 : 0, cols, scratch.stride())};
}

std::span<double> ParameterUpdate::norms_of_tile(std::size_t index) {
  return std::span(squared_column_norms_)
      .subspan(first_norm_[index], first_norm_[index + 1] - first_norm_[index]);
}

double ParameterUpdate::squared_norm() const {
  return std::accumulate(squared_column_norms_.begin(), squared_column_norms_.end(), 0.0);
}

}  // namespace trp
