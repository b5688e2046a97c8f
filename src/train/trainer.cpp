#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

#include "core/error.h"
#include "data/density.h"
#include "data/loader.h"
#include "data/sampler.h"
#include "profile/stopwatch.h"
#include "train/network.h"

namespace trp {
namespace {

/// Throws Error unless a training of this shape may have been in such a state.
void check_resumable(const TrainState& state, const TrainOptions& options,
                     const std::vector<Index>& sizes, std::int64_t steps_per_epoch) {
  const auto check = [](bool fits, std::string_view what, std::int64_t expected,
                        std::int64_t found) {
    if (!fits)
      throw Error("the training to resume: expected {} {}, found {}", what, expected, found);
  };
  const std::vector<Index> found = layer_sizes(state.mlp);
  if (found != sizes) {
    throw Error("the training to resume: expected layers of {}, found {}", fmt::join(sizes, " → "),
                fmt::join(found, " → "));
  }
  const auto velocities = std::ssize(state.velocity.layers);
  const auto expected_velocities = options.sgd.momentum == 0 ? 0 : std::ssize(state.mlp.layers);
  check(velocities == expected_velocities, "layers with velocities:", expected_velocities,
        velocities);
  check(state.progress.batch < steps_per_epoch, "steps of the epoch in hand: fewer than",
        steps_per_epoch, state.progress.batch);
  const auto done = static_cast<int>(state.epochs.size());
  check(done <= options.epochs, "finished epochs: at most", options.epochs, done);
  const bool has_best = options.early_stopping > 0 && done > 0;
  check((state.best_epoch > 0) == has_best && state.best_epoch <= done, "a best epoch among",
        has_best ? done : 0, state.best_epoch);
}

/// One training run; its parts in the order in which they are made.
class Training {
 public:
  Training(const TrainOptions& options, const DataSets& data, ThreadPool& pool,
           const TrainEvents& events, const std::atomic<bool>& stop,
           std::optional<TrainState> resumed)
      : options_(options),
        data_(data),
        pool_(pool),
        events_(events),
        stop_(stop),
        sampler_(make_sampler(used_samples(options, data.train), options.validation_share,
                              options.seed, options.shuffle)),
        batch_size_(std::min(options.batch_size, static_cast<Index>(sampler_.train.size()))),
        schedule_(make_schedule()),
        state_(first_state(std::move(resumed))),
        sgd_(state_.mlp, options.sgd),
        strategy_(make_strategy(options.strategy, state_.mlp, sgd_, batch_size_, pool)) {
    check_augmentation(options.augment, data.train);
    if (!state_.velocity.layers.empty()) sgd_.set_velocity(state_.velocity);
    if (options.loaders > 0) {
      const BatchPlan plan = {.batch_size = batch_size_,
                              .samples_per_epoch = samples_per_epoch(),
                              .epochs = options.epochs,
                              .first_batch = steps_before_epoch() + state_.progress.batch,
                              .augment = options.augment,
                              .zero_inputs = state_.mlp.zero_inputs};
      loader_.emplace(data.train, sampler_, plan, options.loaders, options.queue_size);
    }
  }

  TrainResult run() {
    const Pipeline* pipeline = strategy_->pipeline();
    if (events_.start)
      events_.start({.layers = layer_sizes(state_.mlp),
                     .parameter_count = parameter_count(state_.mlp),
                     .train_samples = static_cast<Index>(sampler_.train.size()),
                     .validation_samples = static_cast<Index>(sampler_.validation.size()),
                     .zero_share = 1 - measure_density(data_.train),
                     .zero_inputs = state_.mlp.zero_inputs,
                     .loaders = loader_ ? loader_->thread_count() : 0,
                     .pipeline = pipeline ? std::optional(*pipeline) : std::nullopt});
    for (const EpochResult& epoch : state_.epochs) report(epoch);
    if (events_.phases) events_.phases->begin();
    while (!is_over(options_, state_) && train_epoch()) {
    }
    return finish();
  }

 private:
  TrainState first_state(std::optional<TrainState> resumed) const {
    Mlp mlp = make_network(options_, data_.train);
    if (!resumed) return {.mlp = std::move(mlp)};
    check_resumable(*resumed, options_, layer_sizes(mlp), steps_per_epoch());
    resumed->mlp.zero_inputs = mlp.zero_inputs;
    return std::move(*resumed);
  }

  LearningRateSchedule make_schedule() const {
    const std::int64_t steps = steps_per_epoch();
    return {.kind = options_.schedule,
            .base_rate = options_.learning_rate,
            .warmup_steps = options_.warmup_epochs * steps,
            .total_steps = options_.epochs * steps};
  }

  Index samples_per_epoch() const {
    return options_.dry_run ? batch_size_ : static_cast<Index>(sampler_.train.size());
  }

  std::int64_t steps_per_epoch() const {
    return (samples_per_epoch() + batch_size_ - 1) / batch_size_;
  }

  /// Of the epochs before the one in hand.
  std::int64_t steps_before_epoch() const {
    return static_cast<std::int64_t>(state_.epochs.size()) * steps_per_epoch();
  }

  /// Samples that `batch` steps of an epoch take.
  Index samples_of(std::int64_t batch) const {
    return std::min(batch * batch_size_, samples_per_epoch());
  }

  /// False when training cannot go on.
  bool train_epoch() {
    train_steps();
    if (!std::isfinite(state_.progress.loss_sum) || !all_finite(state_.mlp)) return diverge();
    if (result_.status == TrainStatus::kInterrupted) {
      save();
      return false;
    }
    const auto n = static_cast<double>(samples_per_epoch());
    const EpochProgress& sums = state_.progress;
    EpochResult result{.epoch = report_.epoch,
                       .train_loss = sums.loss_sum / n,
                       .train_accuracy = static_cast<double>(sums.correct_count) / n,
                       .validation = std::nullopt,
                       .learning_rate = report_.learning_rate,
                       .seconds = sums.seconds,
                       .samples_per_second = n / sums.seconds};
    if (!sampler_.validation.empty()) {
      const CommonPhaseScope scope(events_.phases, Phase::kEvaluation);
      result.validation = evaluate(state_.mlp, data_.train, sampler_.validation, pool_);
      if (!std::isfinite(result.validation->loss)) return diverge();
    }
    state_.epochs.push_back(result);
    state_.progress = {};
    if (options_.early_stopping > 0) keep_best(result);
    if (result.epoch % options_.save_every == 0 || is_over(options_, state_)) save();
    report(result);
    return true;
  }

  /// Trains until the epoch ends, the loss is not finite, or training is to stop.
  void train_steps() {
    const auto epoch = static_cast<int>(state_.epochs.size()) + 1;
    EpochProgress& progress = state_.progress;
    const double seconds_before = progress.seconds;
    const Stopwatch stopwatch;
    epoch_order(sampler_, epoch, order_);
    report_ = {.epoch = epoch,
               .batch = progress.batch,
               .samples_done = samples_of(progress.batch),
               .samples_in_epoch = samples_per_epoch()};
    while (report_.samples_done < report_.samples_in_epoch && std::isfinite(progress.loss_sum)) {
      if (stop_.load(std::memory_order_relaxed)) {
        result_.status = TrainStatus::kInterrupted;
        break;
      }
      const StepResult step = train_step();
      progress.batch = report_.batch;
      progress.loss_sum += step.loss_sum;
      progress.correct_count += step.correct_count;
      report_.mean_loss = progress.loss_sum / static_cast<double>(report_.samples_done);
      report_.seconds = seconds_before + stopwatch.seconds();
      if (events_.step) events_.step(report_);
    }
    progress.seconds = seconds_before + stopwatch.seconds();
  }

  const Batch& next_batch() {
    const CommonPhaseScope scope(events_.phases, Phase::kLoad);
    const PhaseScope wait(events_.phases, 0, Phase::kLoad,
                          events_.phases ? loader_->ready_count() : -1);
    return loader_->next();
  }

  StepResult train_step() {
    const StepScope scope(events_.phases);
    const Index count = std::min(batch_size_, report_.samples_in_epoch - report_.samples_done);
    report_.learning_rate = learning_rate_at(schedule_, steps_before_epoch() + report_.batch);
    const StepInput input = {
        .dataset = data_.train,
        .samples = std::span(order_).subspan(static_cast<std::size_t>(report_.samples_done),
                                             static_cast<std::size_t>(count)),
        .learning_rate = static_cast<float>(report_.learning_rate),
        .augmentation = {options_.augment, options_.seed, report_.epoch},
        .batch = loader_ ? &next_batch() : nullptr,
        .phases = events_.phases};
    const StepResult step = strategy_->step(input, sgd_, state_.mlp);
    ++report_.batch;
    report_.samples_done += count;
    return step;
  }

  bool diverge() {
    result_.status = TrainStatus::kDiverged;
    result_.divergence = {report_.epoch, report_.batch, report_.learning_rate};
    return false;
  }

  void keep_best(const EpochResult& result) {
    if (result.validation->loss >= state_.best_loss) return;
    state_.best_loss = result.validation->loss;
    state_.best = state_.mlp;
    state_.best_epoch = result.epoch;
  }

  /// A state from which the next step would diverge must not take the place of a good one.
  bool is_worth_saving() const {
    constexpr std::size_t kProbes = 256;
    const std::span<const std::uint32_t> samples = sampler_.train;
    const auto probes = samples.first(std::min(samples.size(), kProbes));
    const CommonPhaseScope scope(events_.phases, Phase::kEvaluation);
    return std::isfinite(evaluate(state_.mlp, data_.train, probes, pool_).loss);
  }

  void save() {
    const bool is_new = state_.epochs.empty() && state_.progress.batch == 0;
    if (!events_.save || is_new || !is_worth_saving()) return;
    state_.velocity = sgd_.velocity();
    events_.save(state_);
  }

  void report(const EpochResult& result) const {
    if (events_.epoch) events_.epoch(result);
  }

  TrainResult finish() {
    const auto epochs_done = static_cast<Index>(state_.epochs.size());
    if (result_.status == TrainStatus::kCompleted && epochs_done < options_.epochs)
      result_.status = TrainStatus::kEarlyStopped;
    result_.best_epoch = state_.best_epoch;
    if (result_.best_epoch > 0) state_.mlp = std::move(state_.best);
    {
      const CommonPhaseScope scope(events_.phases, Phase::kEvaluation);
      result_.test = evaluate(state_.mlp, data_.test, pool_);
    }
    if (events_.phases) events_.phases->end();
    // Weights that the last step made absurd may still be finite.
    if (result_.status == TrainStatus::kCompleted && !std::isfinite(result_.test.loss)) diverge();
    result_.steps = steps_before_epoch() + state_.progress.batch;
    result_.train_seconds = train_seconds(state_);
    const Index samples = epochs_done * samples_per_epoch() + samples_of(state_.progress.batch);
    if (result_.train_seconds > 0)
      result_.samples_per_second = static_cast<double>(samples) / result_.train_seconds;
    if (const Pipeline* pipeline = strategy_->pipeline())
      result_.bubble = {
          predicted_bubble(pipeline->schedule.stage_count, pipeline->schedule.micro_batch_count),
          pipeline->measured_bubble()};
    result_.weights = weights_digest(state_.mlp);
    result_.epochs = std::move(state_.epochs);
    result_.mlp = std::move(state_.mlp);
    return std::move(result_);
  }

  // Constant after construction.
  const TrainOptions& options_;
  const DataSets& data_;
  ThreadPool& pool_;
  const TrainEvents& events_;
  const std::atomic<bool>& stop_;
  const Sampler sampler_;
  const Index batch_size_;
  const LearningRateSchedule schedule_;

  TrainState state_;  // but the velocity, which is sgd_'s until it is saved
  Sgd sgd_;
  std::unique_ptr<Strategy> strategy_;
  std::optional<Loader> loader_;      // its batches run on through the epochs
  std::vector<std::uint32_t> order_;  // of the samples in this epoch
  StepReport report_;                 // of the last step
  TrainResult result_;
};

}  // namespace

TrainResult train(const TrainOptions& options, const DataSets& data, ThreadPool& pool,
                  const TrainEvents& events, const std::atomic<bool>& stop,
                  std::optional<TrainState> resumed) {
  return Training(options, data, pool, events, stop, std::move(resumed)).run();
}

Index used_samples(const TrainOptions& options, const Dataset& train) {
  return options.limit > 0 ? std::min(options.limit, train.sample_count) : train.sample_count;
}

double train_seconds(const TrainState& state) {
  double seconds = state.progress.seconds;
  for (const EpochResult& epoch : state.epochs) seconds += epoch.seconds;
  return seconds;
}

bool is_over(const TrainOptions& options, const TrainState& state) {
  const auto done = static_cast<int>(state.epochs.size());
  if (done >= options.epochs) return true;
  return options.early_stopping > 0 && done - state.best_epoch >= options.early_stopping;
}

}  // namespace trp
