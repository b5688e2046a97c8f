#include "strategy/parameter_update.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

namespace trp {

ParameterUpdate::ParameterUpdate(std::vector<Tile> tiles, const Mlp& mlp,
                                 const Optimizer& optimizer, int worker_count, std::size_t repeated)
    : tiles_(std::move(tiles)), repeated_(repeated) {
  Index rows = 0, cols = 0;
  for (const Tile& tile : tiles_) {
    rows = std::max(rows, tile.rows.size());
    cols = std::max(cols, tile.cols.size());
  }
  for (int worker = 0; worker < worker_count; ++worker) {
    scratch_.emplace_back(rows + 1, cols);
    sums_.push_back({Tensor(1, is_normalized(mlp, 0) ? cols : 0)});
  }
  if (!optimizer.clips()) return;
  whole_ = make_gradient(mlp);
  gradients_.resize(tiles_.size());
  first_norm_ = {0};
  for (const Tile& tile : tiles_)
    first_norm_.push_back(first_norm_.back() + static_cast<std::size_t>(tile.cols.size()));
  squared_column_norms_.resize(first_norm_.back());
}

TileGradient ParameterUpdate::scratch_of(const Tile& tile, int worker) {
  Tensor& rows = scratch_[static_cast<std::size_t>(worker)];
  return {rows.view_rows(0, tile.rows.size()).view_cols(0, tile.cols.size()),
          rows.view_rows(rows.rows() - 1, rows.rows()).view_cols(0, tile.cols.size())};
}

void ParameterUpdate::update(const GradientSource& gradient, float scale, const StepInput& input,
                             int worker, const Tile& tile, Optimizer& optimizer, Mlp& mlp) {
  // Gradient and update of factors are one product, which mostly is the gradient.
  const bool has_factors = std::holds_alternative<TileFactors>(gradient);
  const PhaseScope scope(has_factors ? input.phases : nullptr, worker, Phase::kBackward);
  optimizer.update(tile, gradient, input.rates, scale, scratch_of(tile, worker), mlp);
}

void ParameterUpdate::form_gradient(int index, const GradientSource& source, const Mlp& mlp,
                                    PhaseRecorder* phases, int worker) {
  const auto i = static_cast<std::size_t>(index);
  TileGradient& gradient = gradients_[i];
  if (const auto* factors = std::get_if<TileFactors>(&source)) {
    const PhaseScope scope(phases, worker, Phase::kBackward);
    const Tile& tile = tiles_[i];
    gradient = of_tile(whole_, tile);
    tile_gradient(*factors, tile, ChainStart::kZero, gradient);
    end_chains(last_link(mlp, tile, factors->sums), gradient.weight);
  } else {
    gradient = std::get<TileGradient>(source);
  }
  squared_column_norms(gradient, squared_column_norms_of(index));
}

GradientSource ParameterUpdate::with_sums(GradientSource source, const Tile& tile, const Mlp& mlp,
                                          int worker) {
  auto* factors = std::get_if<TileFactors>(&source);
  if (!factors || !is_normalized(mlp, tile.layer)) return source;
  Sums& own = sums_[static_cast<std::size_t>(worker)];
  const TensorView sums = own.values.view().view_cols(0, tile.cols.size());
  if (own.step != step_ || own.cols != tile.cols) {
    bias_gradient_sum(factors->dz, ChainStart::kZero, sums);
    own.step = step_;
    own.cols = tile.cols;
  }
  factors->sums = sums;
  return source;
}

double ParameterUpdate::squared_norm() const {
  const auto end = squared_column_norms_.begin() +
                   static_cast<std::ptrdiff_t>(first_norm_[tiles_.size() - repeated_]);
  return std::accumulate(squared_column_norms_.begin(), end, 0.0);
}

}  // namespace trp
