#include "measure/comparison.h"

#include <chrono>
#include <thread>

#include "catch.h"
#include "data/synthetic.h"
#include "profile/clock.h"
#include "strategy/phase.h"
#include "train/run_options.h"

namespace trp {
namespace {

const std::atomic<bool> kNeverStop{false};

RunOptions small_options() {
  RunOptions options;
  options.recipe.hidden = {20};
  options.recipe.class_count = 5;
  options.recipe.epochs = 3;
  options.recipe.batch_size = 8;
  return options;
}

/// Trains with two workers and a twin that follows.
Comparison compare(const RunOptions& options, const DataSets& data, TrainResult& result) {
  ThreadPool pool(2, 2);
  SequentialTwin twin(options.recipe, data.train, pool, 2, nullptr);
  result =
      train(options, data, pool,
            {.step = [&](const StepReport& step) { twin.follow(step, kNeverStop); }}, kNeverStop);
  return twin.compare(result);
}

TEST_CASE("a training and its sequential twin end with the same weights") {
  const DataSets data = synthetic_data(100, 10, 30, 5);
  TrainResult result;
  SECTION("after all epochs") {
    const Comparison comparison = compare(small_options(), data, result);
    CHECK(comparison.same_bits);
    CHECK(comparison.workers == 2);
    CHECK(comparison.sequential_seconds > 0);
    CHECK(comparison.parallel_seconds == result.train_seconds);
    CHECK(comparison.lost_share >= 0);
    CHECK(comparison.lost_share < 1);
  }
  SECTION("with the best ones, when it stops early") {
    RunOptions options = small_options();
    options.recipe.epochs = 50;
    options.recipe.validation_share = 0.3;
    options.recipe.early_stopping = 1;
    options.recipe.learning_rate = 2;
    CHECK(compare(options, data, result).same_bits);
    CHECK(result.best_epoch > 0);
  }
  SECTION("where it diverges") {
    RunOptions options = small_options();
    options.recipe.learning_rate = 1e30;
    CHECK(compare(options, data, result).same_bits);
    CHECK(result.status == TrainStatus::kDiverged);
  }
}

TEST_CASE("weights of another training are not those of the twin") {
  const DataSets data = synthetic_data(100, 10, 30, 5);
  RunOptions options = small_options();
  options.plan.merge = MergeKind::kArrival;
  TrainResult result;
  compare(options, data, result);
  ThreadPool pool(1, 1);
  SequentialTwin twin(options.recipe, data.train, pool, 2, nullptr);
  CHECK_FALSE(twin.compare(result).same_bits);
}

TEST_CASE("the time of a twin is in no record") {
  const DataSets data = synthetic_data(100, 10, 30, 5);
  ThreadPool pool(1, 1);
  PhaseRecorder recorder(kTrainingPhases, 1, 1);
  SequentialTwin twin(small_options().recipe, data.train, pool, 1, &recorder);
  const Stopwatch stopwatch;
  recorder.begin();
  twin.follow({.epoch = 1, .batch = 1, .seconds = 1}, kNeverStop);
  twin.follow({.epoch = 1, .batch = 2, .seconds = 2}, kNeverStop);
  recorder.pause();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  recorder.resume();
  recorder.end();
  const double all = stopwatch.seconds();
  const double of_twin = twin.compare({}).sequential_seconds;
  CHECK(of_twin > 0);
  CHECK(recorder.times().wall_seconds <= all - 0.1 - of_twin);
}

}  // namespace
}  // namespace trp
