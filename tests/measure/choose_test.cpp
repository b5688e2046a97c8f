#include "measure/choose.h"

#include "catch.h"
#include "data/synthetic.h"

namespace trp {
namespace {

TrainOptions small_options() {
  TrainOptions options;
  options.hidden = {20};
  options.class_count = 5;
  options.batch_size = 16;
  return options;
}

TEST_CASE("a choice is among the schedules with the same bits, sequential training included") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  const Choice choice = choose_schedule(small_options(), data.train, 2, 2, 0.2);
  CHECK(choice.tried >= 2);
  CHECK(choice.tried <= 5);
  CHECK(choice.speedup > 0);
  CHECK(choice.seconds > 0);
  if (choice.strategy.kind == StrategyKind::kSequential) {
    CHECK(choice.workers == 1);
    CHECK(choice.speedup == 1);
  } else {
    CHECK(choice.workers == 2);
    CHECK(choice.speedup >= kLeastGain);
    CHECK(choice.strategy.merge != MergeKind::kArrival);
  }
}

TEST_CASE("with one CPU, or one worker, there is nothing to choose") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  for (const std::optional<int> workers : {std::optional<int>(), std::optional<int>(1)}) {
    const Choice choice = choose_schedule(small_options(), data.train, workers, 1, 0.25);
    CHECK(choice.strategy.kind == StrategyKind::kSequential);
    CHECK(choice.workers == 1);
    CHECK(choice.tried == 1);
    CHECK(choice.seconds == 0);  // none were spent on it
  }
}

TEST_CASE("where a step takes too long to compare, the choice is data parallelism, untried") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  const Choice choice = choose_schedule(small_options(), data.train, std::nullopt, 2, 1e-9);
  CHECK(choice.tried == 0);
  CHECK(choice.strategy.kind == StrategyKind::kData);
  CHECK(choice.strategy.merge == MergeKind::kFactored);
  CHECK(choice.workers == 2);
}

}  // namespace
}  // namespace trp
