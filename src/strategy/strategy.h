#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "data/batch.h"
#include "nn/mlp.h"
#include "nn/sgd.h"
#include "parallel/thread_pool.h"
#include "profile/phases.h"
#include "strategy/pipeline_schedule.h"

namespace trp {

enum class StrategyKind {
  kSequential,  // the calling thread does everything; no pool, no lock
  kData,        // each worker takes a shard of the batch; the shards' gradients are merged
  kTensor,      // each worker takes a range of the outputs of every layer
  kPipeline,    // each worker takes a range of the layers; micro-batches flow through them
};

/// What data-parallel workers merge under the mutex; gradient_accumulator.h tells them apart.
enum class MergeKind { kFactored, kOrdered, kArrival };

struct StrategyOptions {
  StrategyKind kind = StrategyKind::kData;
  MergeKind merge = MergeKind::kFactored;  // kData
  int micro_batches = 4;                   // kPipeline; a batch has no more than samples
  PipelineScheduleKind pipeline_schedule = PipelineScheduleKind::k1f1b;
};

/// Whether the last bits are left to chance: with the arrival merge alone.
inline bool bits_may_differ(const StrategyOptions& options) {
  return options.kind == StrategyKind::kData && options.merge == MergeKind::kArrival;
}

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

/// A schedule of the arithmetic of training. Every strategy gives the same bits, but for data
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

/// `mlp` gives the shape of the networks that step() will get, and the form of their input. The
/// pool is used by all but kSequential and must outlive the strategy.
std::unique_ptr<Strategy> make_strategy(const StrategyOptions& options, const Mlp& mlp,
                                        const Sgd& sgd, Index batch_size, ThreadPool& pool);

}  // namespace trp
