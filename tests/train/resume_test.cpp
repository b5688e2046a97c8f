// Training that was stopped and goes on from a checkpoint.
#include <cmath>
#include <limits>

#include "catch.h"
#include "data/synthetic.h"
#include "sanitized.h"
#include "strategy/named_plans.h"
#include "train/checkpoint.h"
#include "train/run_options.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::array<int, 5> kWorkers = {1, 2, 3, 4, 8};
const std::atomic<bool> kNeverStop{false};

/// 160 samples to train on: 10 steps an epoch, 50 in all.
RunOptions plain_options() {
  RunOptions options;
  options.recipe.hidden = {33, 17};
  options.recipe.class_count = 5;
  options.recipe.epochs = 5;
  options.recipe.batch_size = 16;
  return options;
}

/// With everything that a step or the end of an epoch may depend on.
RunOptions rich_options() {
  RunOptions options = plain_options();
  options.recipe.learning_rate_schedule = LearningRateScheduleKind::kCosine;
  options.recipe.warmup_epochs = 1;
  options.recipe.momentum = 0.8;
  options.recipe.weight_decay = 1e-3;
  options.recipe.clip_norm = 0.5;
  options.recipe.augment = {.noise = true};
  options.recipe.validation_share = 0.2;
  options.recipe.early_stopping = 4;
  options.plan.loaders = 2;
  return options;
}

/// The state as a checkpoint holds it.
TrainState through_checkpoint(const TrainState& state) {
  const auto bytes = encode_checkpoint({.version = "", .simd = "", .identity = {}, .state = state});
  return decode_checkpoint(bytes, "checkpoint").state;
}

TrainResult train_on(const RunOptions& options, const DataSets& data, int workers,
                     const TrainEvents& events = {}, std::optional<TrainState> resumed = {},
                     const std::atomic<bool>& stop = kNeverStop) {
  ThreadPool pool(workers, workers);
  return train(options, data, pool, events, stop, std::move(resumed));
}

/// What is saved when training is asked to stop after some steps from a state; nothing after none.
std::optional<TrainState> stopped_after(int steps, const RunOptions& options, const DataSets& data,
                                        int workers, std::optional<TrainState> resumed = {}) {
  std::atomic<bool> stop{steps == 0};
  std::optional<TrainState> saved;
  int done = 0;
  train_on(options, data, workers,
           {.step = [&](const StepReport&) { stop = ++done == steps; },
            .save = [&](const TrainState& state) { saved = through_checkpoint(state); }},
           std::move(resumed), stop);
  return saved;
}

/// All but times.
void check_same(const TrainResult& found, const TrainResult& expected) {
  CHECK(found.weights == expected.weights);
  CHECK(found.status == expected.status);
  CHECK(found.best_epoch == expected.best_epoch);
  CHECK(found.test.loss == expected.test.loss);
  REQUIRE(found.epochs.size() == expected.epochs.size());
  for (std::size_t i = 0; i < found.epochs.size(); ++i) {
    const EpochResult& a = found.epochs[i];
    const EpochResult& b = expected.epochs[i];
    CHECK(a.epoch == b.epoch);
    CHECK(a.train_loss == b.train_loss);
    CHECK(a.train_accuracy == b.train_accuracy);
    CHECK(a.learning_rate == b.learning_rate);
    REQUIRE(a.validation.has_value() == b.validation.has_value());
    if (a.validation) CHECK(a.validation->loss == b.validation->loss);
  }
}

}  // namespace

TEST_CASE("training resumed at any step, on other workers and strategies, gives the same bits") {
  const DataSets plain_data = synthetic_data(160, 40, 20, 5);
  const DataSets rich_data = synthetic_data(200, 40, 20, 5);  // 40 of them for validation
  for (const bool rich : {false, true}) {
    const DataSets& data = rich ? rich_data : plain_data;
    RunOptions options = rich ? rich_options() : plain_options();
    const TrainResult whole = train_on(options, data, 1);
    for (int step = 0; step <= 50; step += kThreadSanitizer ? 7 : rich ? 3 : 1) {
      for (std::size_t i = 0; i < kWorkers.size(); ++i) {
        const auto turn = static_cast<std::size_t>(step) + i;
        const int before = kWorkers[i];
        const int after = kWorkers[turn % kWorkers.size()];
        const NamedPlan& first = kSameBitPlans[turn % kSameBitPlans.size()];
        const NamedPlan& second = kSameBitPlans[(turn * 5 + 1) % kSameBitPlans.size()];
        INFO("step " << step << ", " << before << " workers " << first.name << ", then " << after
                     << " " << second.name << (rich ? ", rich" : ", plain"));
        options.plan = first.plan;
        options.plan.loaders = step % 3;
        std::optional<TrainState> state = stopped_after(step, options, data, before);
        REQUIRE(state.has_value() == (step > 0));
        options.plan = second.plan;
        options.plan.loaders = (step + 1) % 3;
        check_same(train_on(options, data, after, {}, std::move(state)), whole);
      }
    }
  }
}

TEST_CASE("training that is stopped after each single step gives the same bits in the end") {
  const DataSets data = synthetic_data(200, 40, 20, 5);
  const RunOptions options = rich_options();
  const TrainResult whole = train_on(options, data, 1);
  std::optional<TrainState> state;
  int stops = 0;
  while (!state || !is_over(options.recipe, *state)) {
    state = stopped_after(1, options, data, kWorkers[static_cast<std::size_t>(stops) % 5], state);
    REQUIRE(++stops <= 51);
  }
  // The last one is for the validation that the stop after the last step has broken off.
  CHECK(stops == 10 * static_cast<int>(whole.epochs.size()) + 1);
  check_same(train_on(options, data, 2, {}, state), whole);
}

TEST_CASE("the best weights and the epochs without better ones survive a stop") {
  // Labels drawn by lot: what is learnt by heart makes the validation loss worse.
  DataSets data = synthetic_data(200, 40, 20, 5);
  RandomStream random(3, RandomPurpose::kShuffle);
  for (std::uint8_t& label : data.train.labels) label = static_cast<std::uint8_t>(random.below(5));
  RunOptions options = rich_options();
  options.recipe.epochs = 30;
  options.recipe.early_stopping = 3;
  const TrainResult whole = train_on(options, data, 1);
  REQUIRE(whole.status == TrainStatus::kEarlyStopped);
  REQUIRE(whole.best_epoch + 3 == static_cast<int>(whole.epochs.size()));
  for (int step = 1; step <= 10 * static_cast<int>(whole.epochs.size()); step += 9) {
    INFO("step " << step);
    check_same(train_on(options, data, 2, {}, stopped_after(step, options, data, 3)), whole);
  }
}

TEST_CASE("validation that was broken off is made when training is resumed") {
  const DataSets data = synthetic_data(200, 40, 20, 5);
  RunOptions options = plain_options();
  options.recipe.validation_share = 0.2;
  const std::optional<TrainState> state = stopped_after(20, options, data, 2);
  REQUIRE(state);
  CHECK(state->epochs.size() == 1);
  CHECK(state->progress.batch == 10);
  check_same(train_on(options, data, 1, {}, state), train_on(options, data, 1));
}

TEST_CASE("a state is saved after so many epochs, at the end, and before the epoch is reported") {
  const DataSets data = synthetic_data(160, 40, 20, 5);
  RunOptions options = plain_options();
  const auto history = [&](int save_every) {
    std::string text;
    train_on(options, data, 1,
             {.epoch = [&](const EpochResult& epoch) { text += std::to_string(epoch.epoch); },
              .save = [&](const TrainState&) { text += 's'; },
              .save_every = save_every});
    return text;
  };
  CHECK(history(1) == "s1s2s3s4s5");
  CHECK(history(2) == "1s23s4s5");
  CHECK(history(100) == "1234s5");
}

TEST_CASE("epochs that were finished before are reported again, and their time counts") {
  const DataSets data = synthetic_data(160, 40, 20, 5);
  const RunOptions options = plain_options();
  TrainState state = *stopped_after(25, options, data, 2);
  REQUIRE(state.epochs.size() == 2);
  REQUIRE(state.progress.batch == 5);
  state.epochs[0].seconds = 1000;
  state.progress.seconds = 500;
  std::string epochs;
  double first_step_seconds = 0;
  const TrainResult result =
      train_on(options, data, 2,
               {.step =
                    [&](const StepReport& step) {
                      if (first_step_seconds == 0) first_step_seconds = step.seconds;
                      if (step.epoch == 3) CHECK(step.samples_done == step.batch * 16);
                    },
                .epoch = [&](const EpochResult& epoch) { epochs += std::to_string(epoch.epoch); }},
               state);
  CHECK(epochs == "12345");
  CHECK(first_step_seconds > 500);
  CHECK(result.train_seconds > 1500);
  CHECK(result.samples_per_second == Approx(5 * 160 / result.train_seconds));
}

TEST_CASE("training that is over is only scored") {
  const DataSets data = synthetic_data(160, 40, 20, 5);
  RunOptions options = plain_options();
  options.plan.loaders = 2;
  const TrainResult whole = train_on(options, data, 2);
  const std::optional<TrainState> state = stopped_after(1000, options, data, 2);
  int steps = 0, saves = 0;
  check_same(train_on(options, data, 1,
                      {.step = [&](const StepReport&) { ++steps; },
                       .save = [&](const TrainState&) { ++saves; }},
                      state),
             whole);
  CHECK(steps == 0);
  CHECK(saves == 0);
}

TEST_CASE("a constant rate lets training go on for more epochs than were meant at first") {
  const DataSets data = synthetic_data(160, 40, 20, 5);
  RunOptions options = plain_options();
  options.recipe.learning_rate_schedule = LearningRateScheduleKind::kConstant;
  const TrainResult whole = train_on(options, data, 2);
  options.recipe.epochs = 2;
  const std::optional<TrainState> state = stopped_after(1000, options, data, 2);
  options.recipe.epochs = 5;
  check_same(train_on(options, data, 2, {}, state), whole);
}

TEST_CASE("a state with NaN in any tensor diverges within two steps and is not saved") {
  const DataSets data = synthetic_data(160, 40, 20, 5);
  const RunOptions options = plain_options();
  const TrainState state = *stopped_after(23, options, data, 2);
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t layer = 0; layer < 3; ++layer)
    for (const bool bias : {false, true})
      for (const bool velocity : {false, true}) {
        INFO("layer " << layer << (bias ? ", bias" : ", weight") << (velocity ? ", velocity" : ""));
        TrainState bad = state;
        Tensor& tensor = velocity
                             ? (bias ? bad.optimizer.velocity.layers[layer].bias
                                     : bad.optimizer.velocity.layers[layer].weight)
                             : (bias ? bad.mlp.layers[layer].bias : bad.mlp.layers[layer].weight);
        tensor(tensor.rows() / 2, tensor.cols() / 2) = kNan;
        int saves = 0;
        const TrainResult result =
            train_on(options, data, 2, {.save = [&](const TrainState&) { ++saves; }}, bad);
        CHECK(result.status == TrainStatus::kDiverged);
        REQUIRE(result.divergence.has_value());
        CHECK(result.divergence->epoch == 3);
        CHECK(result.divergence->batch <= 3 + 2);
        CHECK(saves == 0);
      }
}

TEST_CASE("a network whose loss is not finite is not saved, even if its weights are") {
  const DataSets data = synthetic_data(160, 40, 20, 5);
  RunOptions options = plain_options();
  options.recipe.learning_rate = 1e30;
  options.recipe.dry_run = true;  // a step an epoch, and its loss is that before the step
  int saves = 0;
  const TrainResult result =
      train_on(options, data, 2, {.save = [&](const TrainState&) { ++saves; }});
  CHECK(result.status == TrainStatus::kDiverged);
  CHECK(result.epochs.size() == 1);
  CHECK(saves == 0);
}

TEST_CASE("a state that cannot be one of the training is refused") {
  const DataSets data = synthetic_data(160, 40, 20, 5);
  const TrainState good = *stopped_after(23, plain_options(), data, 1);
  const auto failure = [&](const TrainState& state, const RunOptions& options) {
    try {
      train_on(options, data, 1, {}, state);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(failure(good, plain_options()).empty());
  RunOptions options = plain_options();
  options.recipe.hidden = {33};
  CHECK(failure(good, options).find("layers of 20 → 33 → 5, found 20 → 33 → 17 → 5") !=
        std::string::npos);
  options = plain_options();
  options.recipe.momentum = 0;
  CHECK(failure(good, options).find("layers with velocity: 0, found 3") != std::string::npos);
  options = plain_options();
  options.recipe.optimizer = OptimizerKind::kAdam;
  CHECK(failure(good, options).find("layers with squares: 3, found 0") != std::string::npos);
  options = plain_options();
  options.recipe.average_weights = 0.5;
  CHECK(failure(good, options).find("layers with average: 3, found 0") != std::string::npos);
  options = plain_options();
  options.recipe.normalization = Normalization::kCenter;
  CHECK(failure(good, options).find("shifts of inputs: 20, found 0") != std::string::npos);
  options = plain_options();
  options.recipe.batch_size = 128;
  CHECK(failure(good, options).find("at most 2, found 3") != std::string::npos);
  options = plain_options();
  options.recipe.epochs = 1;
  CHECK(failure(good, options).find("at most 1, found 2") != std::string::npos);
  CHECK(failure(good, rich_options()).find("a best epoch among 2, found 0") != std::string::npos);
}

}  // namespace trp
