#pragma once

#include <cstdint>

namespace trp {

enum class StrategyKind {
  kSequential,  // the calling thread does everything; no pool, no lock
  kData,        // each worker takes a shard of the batch; the shards' gradients are merged
  kTensor,      // each worker takes a range of the outputs of wide layers
  kPipeline,    // each worker takes a range of the layers; micro-batches flow through them
  kAuto,        // the fastest of the first three, as measured while training, step by step
};

/// What data-parallel workers merge under the mutex.
enum class MergeKind {
  kFactored,  // the factors of the gradient, XᵀdZ: their rows are put under one another
  kOrdered,   // the gradient itself, tile by tile, in the order of the shards
  kArrival,   // whole gradients, first come first added: the last bits are left to chance
};

/// The order in which a stage of a pipeline works through the micro-batches of a batch.
enum class PipelineScheduleKind {
  kGpipe,  // all forward, then all backward (Huang et al., "GPipe", NeurIPS 2019)
  k1f1b,   // one forward, one backward as soon as may be, so that fewer micro-batches are live at a
           // time (Narayanan et al., "PipeDream", SOSP 2019; here with a flush after each batch)
};

/// What of a step each rank of a cluster does.
enum class RanksSplit {
  kAuto,     // that of which fewer bytes travel
  kOutputs,  // a range of the outputs of wide layers: activations travel
  kRows,     // rows of the batch: gradients travel
};

/// Where the system may run a worker: anywhere, or on one CPU, which then keeps its caches.
enum class Pinning { kNone, kCores };

/// How the work of a training is done. With any plan but one for which bits_may_differ() the same
/// recipe gives the same weights, to the last bit.
struct Plan {
  StrategyKind strategy = StrategyKind::kData;
  MergeKind merge = MergeKind::kFactored;  // with kData, and where kAuto takes it
  int micro_batches = 4;                   // with kPipeline; a batch has no more than samples
  PipelineScheduleKind pipeline_schedule = PipelineScheduleKind::k1f1b;
  int workers = 0;  // threads that compute, with kAuto at most; 0: as many as CPUs may be used
  int loaders = 0;  // threads that prepare batches; 0: each worker gathers its own shard
  int queue = 4;    // batches that loaders may be ahead
  Pinning pin = Pinning::kNone;
  int ranks = 1;  // processes, each with workers of its own
  RanksSplit ranks_split = RanksSplit::kAuto;

  bool operator==(const Plan&) const = default;
};

/// Threads that compute, on all ranks together.
inline int total_workers(const Plan& plan) { return plan.ranks * plan.workers; }

/// How many steps were made by a plan.
struct PlanUse {
  Plan plan;
  std::int64_t steps = 0;
};

/// Whether steps may be data-parallel, so that the merge matters.
inline bool may_be_data_parallel(const Plan& plan) {
  return plan.strategy == StrategyKind::kData || plan.strategy == StrategyKind::kAuto;
}

/// Whether the plan leaves the last bits to chance, as the arrival merge alone does.
inline bool bits_may_differ(const Plan& plan) {
  return may_be_data_parallel(plan) && plan.merge == MergeKind::kArrival;
}

}  // namespace trp
