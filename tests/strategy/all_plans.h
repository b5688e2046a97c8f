#pragma once

#include <vector>

#include "strategy/named_plans.h"

namespace trp {

/// The only plan whose last bits may differ.
inline const NamedPlan kArrivalPlan = {
    "data/arrival", {.strategy = StrategyKind::kData, .merge = MergeKind::kArrival}};

/// All of these.
inline const std::vector<NamedPlan> kAllPlans = [] {
  std::vector<NamedPlan> plans = kSameBitPlans;
  plans.push_back(kArrivalPlan);
  return plans;
}();

}  // namespace trp
