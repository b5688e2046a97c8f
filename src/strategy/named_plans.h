#pragma once

#include <string>
#include <vector>

#include "trp/plan.h"

namespace trp {

/// A plan under the name that tables give it.
struct NamedPlan {
  std::string name;
  Plan plan;
};

/// The plans that give the same bits, each kind once, sequential training first.
inline const std::vector<NamedPlan> kSameBitPlans = {
    {"sequential", {.strategy = StrategyKind::kSequential}},
    {"data/factored", {.strategy = StrategyKind::kData, .merge = MergeKind::kFactored}},
    {"data/ordered", {.strategy = StrategyKind::kData, .merge = MergeKind::kOrdered}},
    {"tensor", {.strategy = StrategyKind::kTensor}},
    {"pipeline/gpipe",
     {.strategy = StrategyKind::kPipeline, .pipeline_schedule = PipelineScheduleKind::kGpipe}},
    {"pipeline/1f1b",
     {.strategy = StrategyKind::kPipeline, .pipeline_schedule = PipelineScheduleKind::k1f1b}},
    {"auto", {.strategy = StrategyKind::kAuto}},
};

}  // namespace trp
