#include "train/learning_rate.h"

#include "core/elementary.h"

namespace trp {

double learning_rate_at(const Recipe& recipe, std::int64_t steps_per_epoch, std::int64_t step) {
  const double base = recipe.learning_rate;
  const std::int64_t warmup = recipe.warmup_epochs * steps_per_epoch;
  if (step < warmup) return base * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const std::int64_t remaining = recipe.epochs * steps_per_epoch - warmup;
  const double p = static_cast<double>(step - warmup) / static_cast<double>(remaining);
  switch (recipe.learning_rate_schedule) {
    case LearningRateScheduleKind::kConstant:
      return base;
    case LearningRateScheduleKind::kLinear:
      return base * (1 - p);
    case LearningRateScheduleKind::kCosine:
      return base * 0.5 * (1 + cos_pi(p));
    case LearningRateScheduleKind::kStep:
      return p < 0.5 ? base : p < 0.75 ? base * 0.1 : base * 0.01;
    case LearningRateScheduleKind::kTriangle: {
      // Half a step further, so that neither end is a step of nothing.
      const double middle = p + 0.5 / static_cast<double>(remaining);
      return base * (middle < 0.2 ? middle / 0.2 : (1 - middle) / 0.8);
    }
  }
  return base;
}

}  // namespace trp
