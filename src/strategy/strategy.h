#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/batch.h"
#include "nn/loss.h"
#include "nn/mlp.h"
#include "nn/optimizer.h"
#include "strategy/phase.h"
#include "strategy/pipeline_schedule.h"
#include "trp/plan.h"
#include "trp/thread_pool.h"

namespace trp {

/// What one step is made on. All that is referred to outlives the step.
struct StepInput {
  const Dataset& dataset;
  std::span<const std::uint32_t> samples;  // at least one, at most the strategy's batch size
  StepRates rates;
  Augmentation augmentation = {};
  LossForm loss = {};  // without class weights the divisor is the number of samples
  std::span<const double> dropout = {};  // as in Recipe, but one for each hidden layer or none
  /// These samples, if they have been gathered and augmented already; otherwise each worker gathers
  /// its own.
  const Batch* batch = nullptr;
  PhaseRecorder* phases = nullptr;  // of the pool's workers; null: nobody asks where time goes

  Index sample_count() const { return static_cast<Index>(samples.size()); }

  /// What samples of these rows of the batch go without.
  Dropout dropout_of(Range rows) const {
    return Dropout{dropout, augmentation.seed, augmentation.epoch, samples}.of_rows(rows);
  }
};

/// What the network with its parameters before the step made of the samples.
struct StepResult {
  double loss_sum = 0;  // added up in the order of the samples
  Index correct_count = 0;
};

/// A way to do the work of a training step. Every strategy gives the same bits, but for data
/// parallelism with MergeKind::kArrival. A strategy belongs to the thread that calls step().
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Computes the mean gradient over the samples and lets the optimizer update `mlp`, or a copy of
  /// what is in it until settle(), with it. Rethrows the first exception of any worker, after all
  /// of them have stopped; the parameters are then updated in part.
  virtual StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) = 0;

  /// Writes to `mlp` and the optimizer what steps have changed and kept to themselves. Until then
  /// nobody but step() may use their parameters and the optimizer's state.
  virtual void settle(Optimizer& /*optimizer*/, Mlp& /*mlp*/) {}

  /// Returns the pipeline of kPipeline, which lives as long as the strategy, and null for others.
  virtual const Pipeline* pipeline() const { return nullptr; }

  /// Returns what kAuto has made its steps by, and nothing for others.
  virtual std::vector<PlanUse> uses() const { return {}; }
};

class Cluster;

/// Makes the plan's strategy for networks of the shape of `mlp` and batches of this form. The pool
/// is used by all but kSequential and must outlive the strategy. If the cluster has other ranks it
/// is the plan's way to share out the work among them.
std::unique_ptr<Strategy> make_strategy(const Plan& plan, const Mlp& mlp,
                                        const Optimizer& optimizer, const BatchForm& form,
                                        ThreadPool& pool, Cluster* cluster = nullptr);

}  // namespace trp
