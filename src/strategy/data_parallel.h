#pragma once

#include "strategy/batch_buffers.h"
#include "strategy/gradient_accumulator.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// Data parallelism: each worker takes a shard of the batch, a GradientAccumulator merges what the
/// shards contribute, and then the workers share out the tiles of the update. A step takes two
/// fork-joins, three with clipping.
class DataParallel final : public Strategy {
 public:
  DataParallel(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form, MergeKind merge,
               ThreadPool& pool);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;

 private:
  ThreadPool& pool_;
  BatchBuffers buffers_;
  ParameterUpdate update_;
  GradientAccumulator accumulator_;
};

}  // namespace trp
