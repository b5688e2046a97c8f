#include "trp/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "trp/core/stopwatch.h"
#include "trp/data/density.h"
#include "trp/data/loader.h"
#include "trp/data/sampler.h"

namespace trp {
namespace {

std::vector<Index> network_sizes(const TrainOptions& options, const Dataset& train) {
  std::vector<Index> sizes = {train.feature_count};
  sizes.insert(sizes.end(), options.hidden.begin(), options.hidden.end());
  sizes.push_back(options.class_count);
  return sizes;
}

Mlp make_network(const TrainOptions& options, const Dataset& train) {
  Mlp mlp = make_mlp(network_sizes(options, train), options.seed);
  mlp.zero_inputs = choose_zero_inputs(measure_density(train), options.augment);
  return mlp;
}

Index used_samples(const TrainOptions& options, const Dataset& train) {
  return options.limit > 0 ? std::min(options.limit, train.sample_count) : train.sample_count;
}

/// One training run; its parts in the order in which they are made.
class Training {
 public:
  Training(const TrainOptions& options, const DataSets& data, ThreadPool& pool,
           const TrainEvents& events, const std::atomic<bool>& stop)
      : options_(options),
        data_(data),
        pool_(pool),
        events_(events),
        stop_(stop),
        sampler_(make_sampler(used_samples(options, data.train), options.validation_share,
                              options.seed, options.shuffle)),
        batch_size_(std::min(options.batch_size, static_cast<Index>(sampler_.train.size()))),
        schedule_(make_schedule()),
        mlp_(make_network(options, data.train)),
        sgd_(mlp_, options.sgd),
        strategy_(make_strategy(options.strategy, mlp_, sgd_, batch_size_, pool)) {
    check_augmentation(options.augment, data.train);
    if (options.loaders > 0) {
      const BatchPlan plan = {.batch_size = batch_size_,
                              .samples_per_epoch = samples_per_epoch(),
                              .epochs = options.epochs,
                              .augment = options.augment};
      loader_.emplace(data.train, sampler_, plan, options.loaders, options.queue_size);
    }
  }

  TrainResult run() {
    const Pipeline* pipeline = strategy_->pipeline();
    if (events_.start)
      events_.start({.layers = layer_sizes(mlp_),
                     .parameter_count = parameter_count(mlp_),
                     .train_samples = static_cast<Index>(sampler_.train.size()),
                     .validation_samples = static_cast<Index>(sampler_.validation.size()),
                     .loaders = loader_ ? loader_->thread_count() : 0,
                     .pipeline = pipeline ? std::optional(*pipeline) : std::nullopt});
    for (int epoch = 1; epoch <= options_.epochs && train_epoch(epoch); ++epoch) {
    }
    return finish();
  }

 private:
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

  /// False when training ends with this epoch.
  bool train_epoch(int epoch) {
    const Stopwatch stopwatch;
    const EpochSums sums = train_steps(epoch, stopwatch);
    const double seconds = stopwatch.seconds();
    result_.train_seconds += seconds;
    samples_trained_ += report_.samples_done;
    if (!std::isfinite(sums.loss) || !all_finite(mlp_)) return diverge();
    if (result_.status == TrainStatus::kInterrupted) return false;

    const auto n = static_cast<double>(report_.samples_in_epoch);
    EpochResult result{.epoch = epoch,
                       .train_loss = sums.loss / n,
                       .train_accuracy = static_cast<double>(sums.correct_count) / n,
                       .validation = std::nullopt,
                       .learning_rate = report_.learning_rate,
                       .seconds = seconds,
                       .samples_per_second = n / seconds};
    if (!sampler_.validation.empty()) {
      result.validation = evaluate(mlp_, data_.train, sampler_.validation, pool_);
      if (!std::isfinite(result.validation->loss)) return diverge();
    }
    result_.epochs.push_back(result);
    if (events_.epoch) events_.epoch(result);
    return options_.early_stopping == 0 || keep_best(result);
  }

  struct EpochSums {
    double loss = 0;
    Index correct_count = 0;
  };

  /// Trains until the epoch ends, the loss is not finite, or training is to stop.
  EpochSums train_steps(int epoch, const Stopwatch& stopwatch) {
    epoch_order(sampler_, epoch, order_);
    report_ = {.epoch = epoch, .samples_in_epoch = samples_per_epoch()};
    EpochSums sums;
    while (report_.samples_done < report_.samples_in_epoch && std::isfinite(sums.loss)) {
      if (stop_.load(std::memory_order_relaxed)) {
        result_.status = TrainStatus::kInterrupted;
        break;
      }
      const StepResult step = train_step();
      sums.loss += step.loss_sum;
      sums.correct_count += step.correct_count;
      report_.mean_loss = sums.loss / static_cast<double>(report_.samples_done);
      report_.seconds = stopwatch.seconds();
      if (events_.step) events_.step(report_);
    }
    return sums;
  }

  StepResult train_step() {
    const Index count = std::min(batch_size_, report_.samples_in_epoch - report_.samples_done);
    report_.learning_rate =
        learning_rate_at(schedule_, (report_.epoch - 1) * steps_per_epoch() + report_.batch);
    const StepInput input = {
        .dataset = data_.train,
        .samples = std::span(order_).subspan(static_cast<std::size_t>(report_.samples_done),
                                             static_cast<std::size_t>(count)),
        .learning_rate = static_cast<float>(report_.learning_rate),
        .augmentation = {options_.augment, options_.seed, report_.epoch},
        .batch = loader_ ? &loader_->next() : nullptr};
    const StepResult step = strategy_->step(input, sgd_, mlp_);
    ++report_.batch;
    report_.samples_done += count;
    return step;
  }

  bool diverge() {
    result_.status = TrainStatus::kDiverged;
    result_.divergence = {report_.epoch, report_.batch, report_.learning_rate};
    return false;
  }

  /// Remembers the best weights; false when it is time to stop.
  bool keep_best(const EpochResult& result) {
    if (result.validation->loss < best_loss_) {
      best_loss_ = result.validation->loss;
      best_ = mlp_;
      result_.best_epoch = result.epoch;
    }
    if (result.epoch - result_.best_epoch < options_.early_stopping) return true;
    if (result.epoch < options_.epochs) result_.status = TrainStatus::kEarlyStopped;
    return false;
  }

  TrainResult finish() {
    if (result_.best_epoch > 0) mlp_ = std::move(best_);
    result_.test = evaluate(mlp_, data_.test, pool_);
    // Weights that the last step made absurd may still be finite.
    if (result_.status == TrainStatus::kCompleted && !std::isfinite(result_.test.loss)) diverge();
    if (result_.train_seconds > 0)
      result_.samples_per_second = static_cast<double>(samples_trained_) / result_.train_seconds;
    if (const Pipeline* pipeline = strategy_->pipeline())
      result_.bubble = {
          predicted_bubble(pipeline->schedule.stage_count, pipeline->schedule.micro_batch_count),
          pipeline->measured_bubble()};
    result_.weights = weights_digest(mlp_);
    result_.mlp = std::move(mlp_);
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

  Mlp mlp_;
  Sgd sgd_;
  std::unique_ptr<Strategy> strategy_;
  std::optional<Loader> loader_;      // its batches run on through the epochs
  std::vector<std::uint32_t> order_;  // of the samples in this epoch
  StepReport report_;                 // of the last step
  Index samples_trained_ = 0;
  Mlp best_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  TrainResult result_;
};

}  // namespace

TrainResult train(const TrainOptions& options, const DataSets& data, ThreadPool& pool,
                  const TrainEvents& events, const std::atomic<bool>& stop) {
  return Training(options, data, pool, events, stop).run();
}

}  // namespace trp
