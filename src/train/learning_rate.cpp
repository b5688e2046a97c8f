#include "train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace trp {

double learning_rate_at(const LearningRateSchedule& schedule, std::int64_t step) {
  const double base = schedule.base_rate;
  if (step < schedule.warmup_steps)
    return base * static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps);
  const double remaining =
      static_cast<double>(std::max<std::int64_t>(1, schedule.total_steps - schedule.warmup_steps));
  const double p = static_cast<double>(step - schedule.warmup_steps) / remaining;
  switch (schedule.kind) {
    case LearningRateScheduleKind::kConstant:
      return base;
    case LearningRateScheduleKind::kLinear:
      return base * (1 - p);
    case LearningRateScheduleKind::kCosine:
      return base * 0.5 * (1 + std::cos(std::numbers::pi * p));
    case LearningRateScheduleKind::kStep:
      return p < 0.5 ? base : p < 0.75 ? base * 0.1 : base * 0.01;
  }
  return base;
}

}  // namespace trp
