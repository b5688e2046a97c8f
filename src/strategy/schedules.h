#pragma once

#include <string>
#include <vector>

#include "strategy/strategy.h"

namespace trp {

struct Schedule {
  std::string name;
  Plan options;
};

inline const std::vector<Schedule> kSameBits = {
    {"sequential", {.strategy = StrategyKind::kSequential}},
    {"data/factored", {.strategy = StrategyKind::kData, .merge = MergeKind::kFactored}},
    {"data/ordered", {.strategy = StrategyKind::kData, .merge = MergeKind::kOrdered}},
    {"tensor", {.strategy = StrategyKind::kTensor}},
    {"pipeline/gpipe",
     {.strategy = StrategyKind::kPipeline, .pipeline_schedule = PipelineScheduleKind::kGpipe}},
    {"pipeline/1f1b",
     {.strategy = StrategyKind::kPipeline, .pipeline_schedule = PipelineScheduleKind::k1f1b}},
};

/// The only one whose last bits may differ.
inline const Schedule kArrival = {"data/arrival",
                                  {.strategy = StrategyKind::kData, .merge = MergeKind::kArrival}};

}  // namespace trp
