#pragma once

#include "strategy/batch_buffers.h"
#include "strategy/gradient_accumulator.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// One shard of the batch for each worker, merged by a GradientAccumulator; then the SGD step, its
/// tiles shared out among the workers. Two fork-joins a step, three with clipping.
class DataParallel final : public Strategy {
 public:
  DataParallel(const Mlp& mlp, const Sgd& sgd, const BatchForm& form, MergeKind merge,
               ThreadPool& pool);

  StepResult step(const StepInput& input, Sgd& sgd, Mlp& mlp) override;

 private:
  ThreadPool& pool_;
  BatchBuffers buffers_;
  ParameterUpdate update_;
  GradientAccumulator accumulator_;
};

}  // namespace trp
