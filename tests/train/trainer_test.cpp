#include "trp/train.h"

#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "catch.h"
#include "data/synthetic.h"
#include "nn/reference.h"
#include "strategy/named_plans.h"
#include "train/image_data.h"
#include "train/run_options.h"
#include "trp/error.h"

using namespace trp;

namespace {

const std::atomic<bool> kNeverStop{false};

RunOptions small_options() {
  RunOptions options;
  options.recipe.hidden = {32, 16};
  options.recipe.class_count = 5;
  options.recipe.epochs = 3;
  options.recipe.batch_size = 16;
  options.plan.strategy = StrategyKind::kSequential;
  return options;
}

TrainResult train_with(const RunOptions& options, const DataSets& data,
                       const TrainEvents& events = {}, const std::atomic<bool>& stop = kNeverStop) {
  ThreadPool pool(2, 2);
  return train(options, data, pool, events, stop);
}

}  // namespace

TEST_CASE("a network learns 64 samples by heart") {
  DataSets data = synthetic_data(64, 64, 60, 10);
  RandomStream random(3, RandomPurpose::kShuffle);
  for (std::uint8_t& label : data.train.labels) label = static_cast<std::uint8_t>(random.below(10));
  for (std::uint8_t& pixel : data.train.bytes) pixel = static_cast<std::uint8_t>(random.below(256));
  RunOptions options;
  options.recipe.epochs = 200;
  const TrainResult result = train_with(options, data);
  CHECK(result.epochs.back().train_accuracy == 1);
  CHECK(result.epochs.back().train_loss < 0.01);
}

TEST_CASE("training learns what separates the classes, and the test set shows it") {
  const DataSets data = synthetic_data(500, 200, 60, 5);
  const TrainResult result = train_with(small_options(), data);
  CHECK(result.status == TrainStatus::kCompleted);
  CHECK(result.epochs.size() == 3);
  CHECK(result.epochs[2].train_loss < result.epochs[0].train_loss);
  CHECK(result.test.accuracy > 0.95);
  CHECK(result.test.sample_count == 200);
  CHECK(result.weights == weights_digest(result.mlp));
  CHECK(result.train_seconds > 0);
}

TEST_CASE("evaluation agrees with double precision and does not depend on the workers") {
  const DataSets data = synthetic_data(200, 700, 60, 5);
  const TrainResult result = train_with(small_options(), data);
  Eigen::MatrixXd input(700, 60);
  for (Index i = 0; i < 700; ++i)
    for (Index f = 0; f < 60; ++f)
      input(i, f) = data.test.bytes[static_cast<std::size_t>(i * 60 + f)] / 255.0;
  CHECK(result.test.loss ==
        Approx(ReferenceMlp(result.mlp).loss(input, data.test.labels)).epsilon(1e-5));
  for (const int workers : {1, 3, 8}) {
    ThreadPool pool(workers, workers);
    const Score again = evaluate(result.mlp, data.test, pool);
    CHECK(again.loss == result.test.loss);
    CHECK(again.accuracy == result.test.accuracy);
  }
  const double a = result.test.accuracy;
  CHECK(result.test.accuracy_stderr() == Approx(std::sqrt(a * (1 - a) / 700)));
}

TEST_CASE("evaluation that is given up scores no samples") {
  const DataSets data = synthetic_data(20, 3000, 60, 5);
  const Mlp mlp = train_with(small_options(), data).mlp;
  for (const int workers : {1, 3}) {
    ThreadPool pool(workers, workers);
    std::atomic<int> blocks{0};
    const Score score = evaluate(mlp, data.test, pool, [&] { return ++blocks > 2; });
    CHECK(score.sample_count == 0);
    CHECK(std::isnan(score.accuracy));
    CHECK(std::isnan(score.loss));
    CHECK(blocks <= 2 + workers);
    CHECK(evaluate(mlp, data.test, pool, [] { return false; }).sample_count == 3000);
  }
}

TEST_CASE("more workers than samples train like one") {
  const DataSets data = synthetic_data(5, 5, 60, 5);
  RunOptions options = small_options();
  const std::string expected = train_with(options, data).weights;
  options.plan.strategy = StrategyKind::kData;
  for (const MergeKind merge : {MergeKind::kFactored, MergeKind::kOrdered}) {
    options.plan.merge = merge;
    ThreadPool pool(16, 16);
    CHECK(train(options, data, pool, {}, kNeverStop).weights == expected);
  }
}

TEST_CASE("events tell of the start, each step and each epoch") {
  const DataSets data = synthetic_data(50, 20, 60, 5);
  RunOptions options = small_options();
  options.recipe.validation_share = 0.2;
  TrainStart start;
  std::vector<StepReport> steps;
  std::vector<EpochResult> epochs;
  train_with(options, data,
             {.start = [&](const TrainStart& s) { start = s; },
              .step = [&](const StepReport& s) { steps.push_back(s); },
              .epoch = [&](const EpochResult& e) { epochs.push_back(e); }});
  CHECK(start.layers == std::vector<Index>{60, 32, 16, 5});
  CHECK(start.parameter_count == 61 * 32 + 33 * 16 + 17 * 5);
  CHECK(start.train_samples == 40);
  CHECK(start.validation_samples == 10);
  REQUIRE(steps.size() == 9);
  CHECK(steps[0].samples_done == 16);
  CHECK(steps[2].samples_done == 40);
  CHECK(steps[2].batch == 3);
  CHECK(steps[2].mean_loss == epochs[0].train_loss);
  CHECK(steps[8].learning_rate < steps[0].learning_rate);
  REQUIRE(epochs.size() == 3);
  CHECK(epochs[1].validation->sample_count == 10);
}

TEST_CASE("a limit takes the first samples only, and a dry run one batch per epoch") {
  const DataSets data = synthetic_data(100, 20, 60, 5);
  DataSets first = data;
  first.train.sample_count = 40;
  RunOptions options = small_options();
  const std::string expected = train_with(options, first).weights;
  options.recipe.limit = 40;
  CHECK(train_with(options, data).weights == expected);

  options.recipe.dry_run = true;
  int steps = 0;
  const TrainEvents count = {.start = {}, .step = [&](const StepReport&) { ++steps; }, .epoch = {}};
  train_with(options, data, count);
  CHECK(steps == options.recipe.epochs);
}

TEST_CASE("a stop finishes the step in hand and gives a whole result") {
  const DataSets data = synthetic_data(100, 20, 60, 5);
  std::atomic<bool> stop{false};
  int steps = 0;
  const TrainEvents events = {.start = {},
                              .step =
                                  [&](const StepReport&) {
                                    if (++steps == 9) stop = true;
                                  },
                              .epoch = {}};
  const TrainResult result = train_with(small_options(), data, events, stop);
  CHECK(result.status == TrainStatus::kInterrupted);
  CHECK(steps == 9);
  CHECK(result.epochs.size() == 1);
  CHECK(result.test.sample_count == 20);
  CHECK_FALSE(result.weights.empty());
}

TEST_CASE("a rate that is far too high is told as divergence, with where and at what rate") {
  const DataSets data = synthetic_data(100, 20, 60, 5);
  RunOptions options = small_options();
  options.recipe.learning_rate = 1e30;
  const TrainResult result = train_with(options, data);
  CHECK(result.status == TrainStatus::kDiverged);
  REQUIRE(result.divergence);
  CHECK(result.divergence->epoch == 1);
  CHECK(result.divergence->batch <= 3);
  CHECK(result.divergence->learning_rate > 1e29);
}

TEST_CASE("a last step that ruins the weights is divergence too, and its samples count") {
  const DataSets data = synthetic_data(64, 20, 60, 5);
  RunOptions options = small_options();
  options.recipe.epochs = 1;
  options.recipe.dry_run = true;  // one step, whose loss is that of the weights before it
  options.recipe.learning_rate = 1e30;
  for (const double validation_share : {0.0, 0.5}) {
    options.recipe.validation_share = validation_share;
    const TrainResult result = train_with(options, data);
    CHECK(result.status == TrainStatus::kDiverged);
    REQUIRE(result.divergence);
    CHECK(result.divergence->batch == 1);
    CHECK(result.samples_per_second > 0);
  }
}

TEST_CASE("a pixel that is not finite is told as divergence at its own step") {
  DataSets data = synthetic_data(64, 20, 60, 5);
  data.train.values.assign(data.train.bytes.begin(), data.train.bytes.end());
  data.train.bytes.clear();
  data.train.values[40 * 60 + 7] = std::numeric_limits<float>::quiet_NaN();
  RunOptions options = small_options();
  options.recipe.shuffle = false;
  options.recipe.learning_rate = 1e-4;
  const TrainResult result = train_with(options, data);
  CHECK(result.status == TrainStatus::kDiverged);
  CHECK(result.divergence->batch == 3);
}

TEST_CASE("early stopping ends the training and keeps the best weights") {
  DataSets data = synthetic_data(60, 20, 60, 5);
  RandomStream random(3, RandomPurpose::kShuffle);
  for (std::uint8_t& label : data.train.labels) label = static_cast<std::uint8_t>(random.below(5));
  RunOptions options = small_options();
  options.recipe.epochs = 200;
  options.recipe.validation_share = 0.5;
  options.recipe.early_stopping = 3;
  options.recipe.learning_rate_schedule = LearningRateScheduleKind::kConstant;
  const TrainResult result = train_with(options, data);
  REQUIRE(result.status == TrainStatus::kEarlyStopped);
  CHECK(result.epochs.size() == static_cast<std::size_t>(result.best_epoch + 3));
  double best = result.epochs[0].validation->loss;
  for (const EpochResult& epoch : result.epochs) best = std::min(best, epoch.validation->loss);
  CHECK(result.epochs[static_cast<std::size_t>(result.best_epoch - 1)].validation->loss == best);

  options.recipe.early_stopping = 0;
  options.recipe.epochs = result.best_epoch;
  CHECK(train_with(options, data).weights == result.weights);
}

TEST_CASE("other seeds train other networks") {
  const DataSets data = synthetic_data(50, 20, 60, 5);
  RunOptions options = small_options();
  const std::string first = train_with(options, data).weights;
  CHECK(train_with(options, data).weights == first);
  options.recipe.seed = 2;
  CHECK(train_with(options, data).weights != first);
}

TEST_CASE("noise and shift each train another network, and another one with another seed") {
  const DataSets data = image_data(64);
  RunOptions options = small_options();
  std::set<std::string> digests;
  for (const AugmentOptions& augment :
       std::vector<AugmentOptions>{{}, {true, false}, {false, true}, {true, true}}) {
    options.recipe.augment = augment;
    digests.insert(train_with(options, data).weights);
  }
  CHECK(digests.size() == 4);
}

TEST_CASE("an exception while samples are gathered ends the training, whoever gathers them") {
  DataSets data = image_data(100);
  data.train.labels.resize(70);
  RunOptions options = small_options();
  options.recipe.shuffle = false;
  for (const NamedPlan& named : kSameBitPlans)
    for (const int loaders : {0, 1, 3})
      for (const int workers : {1, 2, 8}) {
        options.plan = named.plan;
        options.plan.loaders = loaders;
        ThreadPool pool(workers, workers);
        CHECK_THROWS_AS(train(options, data, pool, {}, kNeverStop), std::out_of_range);
      }
}

TEST_CASE("with loaders ahead a training can stop, diverge, stop early or throw in an event") {
  const DataSets data = image_data(200);
  RunOptions options = small_options();
  options.recipe.augment = {true, true};
  options.recipe.epochs = 100;
  options.recipe.batch_size = 10;
  for (const int loaders : {1, 3})
    for (const int stop_at : {1, 2, 19, 20, 21}) {
      options.plan.loaders = loaders;
      std::atomic<bool> stop{false};
      int steps = 0;
      const TrainEvents stopping = {
          .start = {}, .step = [&](const StepReport&) { stop = ++steps == stop_at; }, .epoch = {}};
      CHECK(train_with(options, data, stopping, stop).status == TrainStatus::kInterrupted);
      CHECK(steps == stop_at);
      const TrainEvents throwing = {.start = {},
                                    .step =
                                        [&](const StepReport&) {
                                          if (--steps == 0) throw std::runtime_error("event");
                                        },
                                    .epoch = {}};
      CHECK_THROWS_WITH(train_with(options, data, throwing), "event");
    }

  options.recipe.validation_share = 0.5;
  options.recipe.early_stopping = 2;
  options.recipe.learning_rate = 0.5;
  CHECK(train_with(options, data).status == TrainStatus::kEarlyStopped);
  options.recipe.learning_rate = 1e30;
  CHECK(train_with(options, data).status == TrainStatus::kDiverged);
}

TEST_CASE("the start event tells how many loaders there are, and tables cannot be shifted") {
  RunOptions options = small_options();
  options.recipe.augment.shift = true;
  CHECK_THROWS_AS(train_with(options, synthetic_data(50, 20, 60, 5)), UsageError);
  for (const int loaders : {0, 2}) {
    options.plan.loaders = loaders;
    TrainStart start;
    train_with(options, image_data(50),
               {.start = [&](const TrainStart& s) { start = s; }, .step = {}, .epoch = {}});
    CHECK(start.loaders == loaders);
  }
}
