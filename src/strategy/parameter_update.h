#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/mlp.h"
#include "nn/optimizer.h"
#include "strategy/strategy.h"

namespace trp {

/// The last part of every step: each tile's gradient is formed and applied while it is in cache.
/// Only clipping needs the whole gradient first, for its norm.
class ParameterUpdate {
 public:
  /// `tiles` are those of make_tiles, or these cut into columns, in the order of the rows. The last
  /// `repeated` of them are parts of those before them once more, which the norm leaves out.
  ParameterUpdate(std::vector<Tile> tiles, const Mlp& mlp, const Optimizer& optimizer,
                  int worker_count, std::size_t repeated = 0);

  std::span<const Tile> tiles() const { return tiles_; }

  /// Updates all tiles. source_of(tile) returns the GradientSource of the whole batch, and
  /// run(count, task) calls task(index, worker) for each index, in any order and by any worker.
  template <class Run, class SourceOf>
  void apply(const Run& run, const SourceOf& source_of, const StepInput& input,
             Optimizer& optimizer, Mlp& mlp) {
    const float scale = clip(run, source_of, input, optimizer, mlp);
    run(tile_count(), [&](int index, int worker) {
      update_tile(index, source_of, scale, input, worker, tile(index), optimizer, mlp);
    });
    fold_bias(mlp);
  }

  /// The first half of apply(): forms the whole gradient if it may have to be clipped, and returns
  /// what to multiply it by.
  template <class Run, class SourceOf>
  float clip(const Run& run, const SourceOf& source_of, const StepInput& input,
             const Optimizer& optimizer, const Mlp& mlp) {
    ++step_;
    if (!optimizer.clips()) return 1;
    run(tile_count(), [&](int index, int worker) {
      form_gradient(index, with_sums(source_of(tile(index)), tile(index), mlp, worker), mlp,
                    input.phases, worker);
    });
    return optimizer.clip_scale(squared_norm());
  }

  /// The squared norms of the columns of a tile's gradient, which clip()'s run has formed, or may
  /// fill in before it returns.
  std::span<double> squared_column_norms_of(int index) {
    const auto i = static_cast<std::size_t>(index);
    return std::span(squared_column_norms_)
        .subspan(first_norm_[i], first_norm_[i + 1] - first_norm_[i]);
  }

  /// The second half, for one tile: updates `place` in mlp, which is the tile itself or a copy, but
  /// for fold_bias().
  template <class SourceOf>
  void update_tile(int index, const SourceOf& source_of, float scale, const StepInput& input,
                   int worker, const Tile& place, Optimizer& optimizer, Mlp& mlp) {
    if (optimizer.clips())
      update(gradients_[static_cast<std::size_t>(index)], scale, input, worker, place, optimizer,
             mlp);
    else
      update(with_sums(source_of(tile(index)), tile(index), mlp, worker), scale, input, worker,
             place, optimizer, mlp);
  }

 private:
  int tile_count() const { return static_cast<int>(tiles_.size()); }
  const Tile& tile(int index) const { return tiles_[static_cast<std::size_t>(index)]; }
  void update(const GradientSource& gradient, float scale, const StepInput& input, int worker,
              const Tile& tile, Optimizer& optimizer, Mlp& mlp);
  void form_gradient(int index, const GradientSource& source, const Mlp& mlp, PhaseRecorder* phases,
                     int worker);
  TileGradient scratch_of(const Tile& tile, int worker);
  GradientSource with_sums(GradientSource source, const Tile& tile, const Mlp& mlp, int worker);
  double squared_norm() const;

  /// What a worker has found out in a step: the sums over the samples of the first layer's output
  /// gradients in some columns, which all tiles of normalized inputs need.
  struct Sums {
    Tensor values = {};
    Range cols = {};
    std::int64_t step = 0;
  };

  std::vector<Tile> tiles_;
  const std::size_t repeated_;   // of the tiles, at the end
  std::vector<Tensor> scratch_;  // of each worker: the rows of a tile's weight, then its bias
  std::vector<Sums> sums_;       // of each worker
  std::int64_t step_ = 0;

  // Used for clipping only.
  Gradient whole_;
  std::vector<TileGradient> gradients_;       // of each tile
  std::vector<double> squared_column_norms_;  // of each tile's columns, one tile after the other
  std::vector<std::size_t> first_norm_;       // of each tile, and the end
};

}  // namespace trp
