#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "cluster/cluster.h"
#include "cluster/columns.h"
#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// Model parallelism among ranks: each owns a range of the outputs of the wide layers for the whole
/// batch, and of the parameters that lead to them nothing but what it needs itself is kept up to
/// date. Only activations travel, and never a weight until settle(): after each wide layer the
/// ranks gather its outputs, and, where one wide layer follows another, the gradients with respect
/// to them. Narrow layers at the end are computed by all ranks. Within a rank the workers of the
/// pool share out rows of the batch, then tiles of the update.
///
/// The gradient with respect to the input of a wide layer takes rows of its weight, which are
/// others' columns. A rank keeps these rows up to date, too, which takes nothing that has not been
/// gathered.
///
/// The batch travels in two slices: one is under way while the other is computed.
class RankOutputs final : public Strategy {
 public:
  RankOutputs(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form, ThreadPool& pool,
              Cluster& cluster);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;
  void settle(Optimizer& optimizer, Mlp& mlp) override;

 private:
  static constexpr std::size_t kSlices = 2;

  /// The tiles of the network, those of wide layers cut into the ranks' columns; then those that
  /// this rank keeps up to date although they are others'.
  struct Tiles {
    std::vector<Tile> all;
    std::vector<int> owners;  // of those before the repeated ones: a rank, or kEachRank
    std::vector<int> own;     // indices of those that this rank updates
  };
  static Tiles make_rank_tiles(const Mlp& mlp, std::size_t wide_count, const Cluster& cluster);

  static Range slice_of(const StepInput& input, std::size_t slice);
  Range own_columns(Index columns) const;
  void forward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l);
  void compute_narrow_layers(const StepInput& input, const Mlp& mlp);
  void backward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l);
  void update(const StepInput& input, Optimizer& optimizer, Mlp& mlp);
  void exchange_norms(const StepInput& input);

  ThreadPool& pool_;
  Cluster& cluster_;
  const std::size_t wide_count_;  // of layers, from the first
  const Tiles tiles_;
  BatchBuffers buffers_;
  std::vector<std::array<Columns, kSlices>> outputs_;  // of each wide layer and slice
  std::vector<Columns> gradients_;                     // of each wide layer
  ParameterUpdate update_;
  // For clipping only.
  std::vector<int> divided_tiles_;  // those of all ranks, rank by rank
  std::vector<double> norms_;       // of their columns
  Blocks norm_blocks_;
  bool is_settled_ = true;
};

}  // namespace trp
