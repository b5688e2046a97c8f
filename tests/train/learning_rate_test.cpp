#include "train/learning_rate.h"

#include "catch.h"

using namespace trp;

TEST_CASE("each schedule follows its formula") {
  const auto rate = [](LearningRateScheduleKind kind, std::int64_t step) {
    const Recipe recipe = {.epochs = 100, .learning_rate = 2, .learning_rate_schedule = kind};
    return learning_rate_at(recipe, 1, step);
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
  const Recipe recipe = {.epochs = 6, .learning_rate = 1, .warmup_epochs = 2};
  CHECK(learning_rate_at(recipe, 5, 0) == Approx(0.1));
  CHECK(learning_rate_at(recipe, 5, 9) == 1);
  CHECK(learning_rate_at(recipe, 5, 10) == 1);
  CHECK(learning_rate_at(recipe, 5, 20) == Approx(0.5));
}

TEST_CASE("a training that is all warm-up never divides by zero") {
  const Recipe recipe = {.epochs = 2,
                         .learning_rate = 1,
                         .learning_rate_schedule = LearningRateScheduleKind::kCosine,
                         .warmup_epochs = 2};
  for (std::int64_t step = 0; step < 10; ++step)
    CHECK(learning_rate_at(recipe, 5, step) == Approx(0.1 * static_cast<double>(step + 1)));
}
