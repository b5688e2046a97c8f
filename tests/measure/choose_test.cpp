#include "measure/choose.h"

#include "catch.h"
#include "data/synthetic.h"

namespace trp {
namespace {

Recipe small_recipe() {
  Recipe recipe;
  recipe.hidden = {20};
  recipe.class_count = 5;
  recipe.batch_size = 16;
  return recipe;
}

TEST_CASE("a choice is among the schedules with the same bits, sequential training included") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  const Choice choice = choose_plan(small_recipe(), {.workers = 2}, data.train, 2, 0.2);
  CHECK(choice.tried >= 2);
  CHECK(choice.tried <= 5);
  CHECK(choice.speedup > 0);
  CHECK(choice.seconds > 0);
  if (choice.plan.strategy == StrategyKind::kSequential) {
    CHECK(choice.plan.workers == 1);
    CHECK(choice.speedup == 1);
  } else {
    CHECK(choice.plan.workers == 2);
    CHECK(choice.speedup >= kMinGain);
    CHECK(choice.plan.merge != MergeKind::kArrival);
  }
}

TEST_CASE("with one CPU, or one worker, there is nothing to choose") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  for (const int workers : {0, 1}) {
    const Choice choice = choose_plan(small_recipe(), {.workers = workers}, data.train, 1, 0.25);
    CHECK(choice.plan.strategy == StrategyKind::kSequential);
    CHECK(choice.plan.workers == 1);
    CHECK(choice.tried == 1);
    CHECK(choice.seconds == 0);  // none were spent on it
  }
}

TEST_CASE("where a step takes too long to compare, the choice is data parallelism, untried") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  const Choice choice = choose_plan(small_recipe(), {}, data.train, 2, 1e-9);
  CHECK(choice.tried == 0);
  CHECK(choice.plan.strategy == StrategyKind::kData);
  CHECK(choice.plan.merge == MergeKind::kFactored);
  CHECK(choice.plan.workers == 2);
}

}  // namespace
}  // namespace trp
