#pragma once

#include <span>
#include <vector>

#include "nn/mlp.h"
#include "nn/sgd.h"
#include "strategy/phase.h"
#include "strategy/strategy.h"

namespace trp {

/// The last part of every step: each tile's gradient is formed and applied while it is in cache.
/// Only clipping needs the whole gradient first, for its norm.
class ParameterUpdate {
 public:
  /// `tiles` are those of make_tiles, or these cut into columns, in the order of the rows.
  ParameterUpdate(std::vector<Tile> tiles, const Mlp& mlp, const Sgd& sgd, int worker_count);

  std::span<const Tile> tiles() const { return tiles_; }

  // For both, run(count, task) calls task(index, worker) for each index, in any order and by any
  // worker.

  /// factors_of(tile) returns the TileFactors of the whole batch.
  template <class Run, class FactorsOf>
  void apply_factors(const Run& run, const FactorsOf& factors_of, const StepInput& input, Sgd& sgd,
                     Mlp& mlp) {
    if (!sgd.clips()) {
      run(static_cast<int>(tiles_.size()), [&](int index, int worker) {
        const Tile& tile = tiles_[static_cast<std::size_t>(index)];
        // Gradient and update are one product, which mostly is the gradient.
        const PhaseScope scope(input.phases, worker, Phase::kBackward);
        sgd.update(tile, factors_of(tile), input.learning_rate, scratch_of(tile, worker), mlp);
      });
      return;
    }
    const auto gradient_of = [&](const Tile& tile, int worker) {
      const PhaseScope scope(input.phases, worker, Phase::kBackward);
      const TileGradient gradient = of_tile(whole_, tile);
      tile_gradient(factors_of(tile), tile, ChainStart::kZero, gradient);
      return gradient;
    };
    apply_gradients(run, gradient_of, input.learning_rate, sgd, mlp);
  }

  /// gradient_of(tile, worker) returns the TileGradient of the whole batch.
  template <class Run, class GradientOf>
  void apply_gradients(const Run& run, const GradientOf& gradient_of, float learning_rate, Sgd& sgd,
                       Mlp& mlp) {
    const int tile_count = static_cast<int>(tiles_.size());
    if (!sgd.clips()) {
      run(tile_count, [&](int index, int worker) {
        const Tile& tile = tiles_[static_cast<std::size_t>(index)];
        sgd.update(tile, gradient_of(tile, worker), learning_rate, 1, mlp);
      });
      return;
    }
    run(tile_count, [&](int index, int worker) {
      const auto i = static_cast<std::size_t>(index);
      gradients_[i] = gradient_of(tiles_[i], worker);
      squared_column_norms(gradients_[i], norms_of_tile(i));
    });
    const float scale = sgd.clip_scale(squared_norm());
    run(tile_count, [&](int index, int) {
      const auto i = static_cast<std::size_t>(index);
      sgd.update(tiles_[i], gradients_[i], learning_rate, scale, mlp);
    });
  }

 private:
  TileGradient scratch_of(const Tile& tile, int worker);
  std::span<double> norms_of_tile(std::size_t index);
  double squared_norm() const;

  std::vector<Tile> tiles_;
  std::vector<Tensor> scratch_;  // of each worker: the rows of a tile's weight, then its bias

  // Used for clipping only.
  Gradient whole_;
  std::vector<TileGradient> gradients_;       // of each tile
  std::vector<double> squared_column_norms_;  // of each tile's columns, one tile after the other
  std::vector<std::size_t> first_norm_;       // of each tile, and the end
};

}  // namespace trp
