#pragma once

#include <string>
#include <vector>

#include "strategy/strategy.h"

namespace trp {

struct Schedule {
  std::string name;
  StrategyOptions options;
};

inline const std::vector<Schedule> kSameBits = {
    {"sequential", {.kind = StrategyKind::kSequential}},
    {"data/factored", {.kind = StrategyKind::kData, .merge = MergeKind::kFactored}},
    {"data/ordered", {.kind = StrategyKind::kData, .merge = MergeKind::kOrdered}},
    {"tensor", {.kind = StrategyKind::kTensor}},
    {"pipeline/gpipe",
     {.kind = StrategyKind::kPipeline, .pipeline_schedule = PipelineScheduleKind::kGpipe}},
    {"pipeline/1f1b",
     {.kind = StrategyKind::kPipeline, .pipeline_schedule = PipelineScheduleKind::k1f1b}},
};

/// The only one whose last bits may differ.
inline const Schedule kArrival = {"data/arrival",
                                  {.kind = StrategyKind::kData, .merge = MergeKind::kArrival}};

}  // namespace trp
