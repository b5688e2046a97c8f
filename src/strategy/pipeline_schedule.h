#pragma once

#include <span>
#include <vector>

#include "core/partition.h"
#include "trp/plan.h"

namespace trp {

/// What a stage does in one unit of time.
struct PipelineSlot {
  enum class Work { kIdle, kForward, kBackward };
  Work work = Work::kIdle;
  int micro_batch = 0;

  bool operator==(const PipelineSlot&) const = default;
};

/// A pipeline schedule tells which stage does what when, if forward and backward take one unit of
/// time in every stage. A micro-batch goes forward through the stages in ascending order and
/// backward in descending order; each stage takes the micro-batches in ascending order both ways,
/// as the chains of the weight gradient demand.
struct PipelineSchedule {
  PipelineScheduleKind kind = PipelineScheduleKind::k1f1b;
  int stage_count = 0;
  int micro_batch_count = 0;
  std::vector<std::vector<PipelineSlot>> slots;  // [stage][time], the same number for each stage
};

/// Makes the pipeline schedule of at least one stage and at least one micro-batch.
PipelineSchedule make_pipeline_schedule(PipelineScheduleKind kind, int stage_count,
                                        int micro_batch_count);

/// Returns how many micro-batches at most have gone forward through a stage and not yet backward.
int max_live_micro_batches(const PipelineSchedule& schedule, int stage);

/// Returns the share of slots that are idle: (p − 1) / (m + p − 1) for p stages and m
/// micro-batches.
double predicted_bubble(int stage_count, int micro_batch_count);

/// What a pipeline is made of, and how it has gone so far.
struct Pipeline {
  std::vector<Range> stages;  // the layers of each
  PipelineSchedule schedule;  // of a whole batch
  double busy_seconds = 0;    // of all stages together in their slots
  double slot_seconds = 0;    // from the beginning of each step to the end of its last slot, for
                              // each stage

  /// The share of the time for slots in which a stage waited: the bubble, and what comes of stages
  /// of unequal work. Busy time is wall-clock time, so a stage that the system has interrupted
  /// counts as busy. The share is 0 before the first step.
  double measured_bubble() const { return slot_seconds > 0 ? 1 - busy_seconds / slot_seconds : 0; }
};

/// Cuts layers into `stage_count` ranges of at least one layer, so that the costliest range costs
/// as little as possible; of several such cuts the one whose first stages are shortest. There are
/// at least as many layers as stages.
std::vector<Range> divide_into_stages(std::span<const Index> layer_costs, int stage_count);

}  // namespace trp
