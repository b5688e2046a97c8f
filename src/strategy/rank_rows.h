#pragma once

#include <cstddef>
#include <vector>

#include "cluster/cluster.h"
#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// Data parallelism among ranks: each takes rows of the batch. The sum of their gradients goes from
/// rank to rank, some tiles at a time: each rank goes on with the chains where the one before it
/// has ended, so that they are those of the whole batch. From the last rank
/// the whole sums go round once more, and all update all parameters. Within a rank the workers of
/// the pool share out its rows, then tiles.
class RankRows final : public Strategy {
 public:
  RankRows(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form, ThreadPool& pool,
           Cluster& cluster);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;

 private:
  /// Tiles that travel together, as many as there are workers.
  struct Group {
    std::size_t begin, end;
    Transfer coming = {}, going = {};
  };
  /// What a rank tells others of each of its samples.
  struct SampleResult {
    double loss;
    double correct;
  };

  std::span<float> values_of(const Group& group);
  TileGradient sum_of(std::size_t tile);
  Transfer begin_exchange_of_results(const StepInput& input, Range own);
  void pass_on(const StepInput& input, Range own);
  StepResult sum_all_results(const StepInput& input) const;

  ThreadPool& pool_;
  Cluster& cluster_;
  BatchBuffers buffers_;
  ParameterUpdate update_;
  std::vector<std::size_t> first_value_;  // of each tile in sums_, and the end
  Tensor sums_;  // one row: of each tile its weight's gradient, then its bias'
  std::vector<Group> groups_;
  std::vector<SampleResult> results_;
  Blocks result_blocks_;
};

}  // namespace trp
