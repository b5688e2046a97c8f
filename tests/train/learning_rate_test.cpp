#include "train/learning_rate.h"

#include "catch.h"

using namespace trp;

TEST_CASE("each schedule follows its formula") {
  const auto rate = [](LearningRateScheduleKind kind, std::int64_t step) {
    return learning_rate_at({.kind = kind, .base_rate = 2, .warmup_steps = 0, .total_steps = 100},
                            step);
  };
  for (const std::int64_t step : {0, 37, 99})
    CHECK(rate(LearningRateScheduleKind::kConstant, step) == 2);
  CHECK(rate(LearningRateScheduleKind::kLinear, 0) == 2);
  CHECK(rate(LearningRateScheduleKind::kLinear, 25) == Approx(1.5));
  CHECK(rate(LearningRateScheduleKind::kLinear, 99) == Approx(0.02));
  CHECK(rate(LearningRateScheduleKind::kCosine, 0) == 2);
  CHECK(rate(LearningRateScheduleKind::kCosine, 50) == Approx(1));
  CHECK(rate(LearningRateScheduleKind::kCosine, 75) == Approx(2 * 0.1464466));
  CHECK(rate(LearningRateScheduleKind::kStep, 49) == 2);
  CHECK(rate(LearningRateScheduleKind::kStep, 50) == Approx(0.2));
  CHECK(rate(LearningRateScheduleKind::kStep, 75) == Approx(0.02));
}

TEST_CASE("the rate warms up linearly and then starts its schedule") {
  const LearningRateSchedule schedule = {.kind = LearningRateScheduleKind::kLinear,
                                         .base_rate = 1,
                                         .warmup_steps = 10,
                                         .total_steps = 30};
  CHECK(learning_rate_at(schedule, 0) == Approx(0.1));
  CHECK(learning_rate_at(schedule, 9) == 1);
  CHECK(learning_rate_at(schedule, 10) == 1);
  CHECK(learning_rate_at(schedule, 20) == Approx(0.5));
}

TEST_CASE("a training that is all warm-up never divides by zero") {
  const LearningRateSchedule schedule = {.kind = LearningRateScheduleKind::kCosine,
                                         .base_rate = 1,
                                         .warmup_steps = 10,
                                         .total_steps = 10};
  for (std::int64_t step = 0; step < 10; ++step)
    CHECK(learning_rate_at(schedule, step) == Approx(0.1 * static_cast<double>(step + 1)));
}
