#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "data/batch.h"
#include "nn/mlp.h"
#include "nn/sgd.h"
#include "strategy/phase.h"
#include "strategy/pipeline_schedule.h"
#include "trp/plan.h"
#include "trp/thread_pool.h"

namespace trp {

/// What one SGD step is made on. All that is referred to outlives the step.
struct StepInput {
  const Dataset& dataset;
  std::span<const std::uint32_t> samples;  // at least one, at most the strategy's batch size
  float learning_rate;
  Augmentation augmentation = {};
  /// These samples, gathered and augmented already; null: each worker gathers its own shard.
  const Batch* batch = nullptr;
  PhaseRecorder* phases = nullptr;  // of the pool's workers; null: nobody asks where time goes
};

/// Measured with the parameters as they were before the step.
struct StepResult {
  double loss_sum = 0;  // over the samples, added up in their order
  Index correct_count = 0;
};

/// A plan of the arithmetic of training, at work. Every strategy gives the same bits, but for data
/// parallelism with MergeKind::kArrival. Belongs to the thread that calls step().
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Computes the mean gradient over the samples and lets sgd update mlp with it. Rethrows the
  /// first exception of any worker, after all of them have stopped.
  virtual StepResult step(const StepInput& input, Sgd& sgd, Mlp& mlp) = 0;

  /// Null but for kPipeline; lives as long as the strategy.
  virtual const Pipeline* pipeline() const { return nullptr; }
};

/// `mlp` gives the shape of the networks that step() will get, and `form` that of the batches. The
/// pool is used by all but kSequential and must outlive the strategy.
std::unique_ptr<Strategy> make_strategy(const Plan& plan, const Mlp& mlp, const Sgd& sgd,
                                        const BatchForm& form, ThreadPool& pool);

}  // namespace trp
