#include "trp/trainer.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "cluster/cluster.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "data/sampler.h"
#include "profile/clock.h"
#include "strategy/phase.h"
#include "strategy/strategy.h"
#include "train/learning_rate.h"
#include "train/preparation.h"

namespace trp {

/// The members are made in the order in which they rest on one another.
struct Trainer::Impl {
  // Constant after construction.
  const Recipe recipe;
  const Dataset& dataset;
  ThreadPool& pool;
  PhaseRecorder* const recorder;
  Cluster* const cluster;  // null unless there are other ranks
  const Sampler sampler;
  const Index batch_size;
  const Index samples_per_epoch;
  const std::int64_t steps_per_epoch;
  const BatchElements elements;
  const std::vector<double> dropout;          // the rate of each hidden layer
  const std::vector<float> weights_of_class;  // in the loss

  TrainState state;  // but the optimizer's, and what the strategy keeps until settle()
  Optimizer optimizer;
  std::unique_ptr<Strategy> strategy;
  std::optional<Loader> loader;      // its batches run on through the epochs
  int ordered_epoch = 0;             // the epoch that `order` is of
  std::vector<std::uint32_t> order;  // of the samples in an epoch
  Mlp averaged;                      // with mean parameters: what is scored
  StepReport last;
  std::int64_t bytes_sent = 0;  // to other ranks, in the steps made here
  std::int64_t steps_here = 0;
  std::optional<Divergence> divergence;
  TrainStart start;

  Impl(const Recipe& given, const Plan& plan, const Dataset& samples, ThreadPool& threads,
       PhaseRecorder* phases, std::optional<TrainState> resumed, Cluster* ranks)
      : recipe(given),
        dataset(checked(samples, recipe)),
        pool(threads),
        recorder(phases),
        cluster(ranks && ranks->has_others() ? ranks : nullptr),
        sampler(divide_samples(recipe, dataset)),
        batch_size(std::min(recipe.batch_size, static_cast<Index>(sampler.train.size()))),
        samples_per_epoch(recipe.dry_run ? batch_size : static_cast<Index>(sampler.train.size())),
        steps_per_epoch((samples_per_epoch + batch_size - 1) / batch_size),
        elements(choose_elements(dataset, recipe.augment)),
        dropout(dropout_rates(recipe)),
        weights_of_class(class_weights(recipe, dataset, sampler)),
        state(first_state(recipe, dataset, sampler, steps_per_epoch, std::move(resumed))),
        optimizer(state.mlp, optimizer_options(recipe)),
        strategy(make_strategy(plan, state.mlp, optimizer, {batch_size, elements}, pool, cluster)) {
    check_augmentation(recipe.augment, dataset);
    if (is_begun(state)) optimizer.state() = std::exchange(state.optimizer, {});
    if (recipe.average_weights > 0) averaged = state.mlp;
    if (plan.loaders > 0) {
      const BatchPlan batches = {.form = {batch_size, elements},
                                 .samples_per_epoch = samples_per_epoch,
                                 .epochs = recipe.epochs,
                                 .first_batch = steps_before_epoch() + state.progress.batch,
                                 .augment = recipe.augment};
      loader.emplace(dataset, sampler, batches, plan.loaders, plan.queue);
    }
    start = describe();
  }

  TrainStart describe() const {
    TrainStart known = {.layers = layer_sizes(state.mlp),
                        .parameter_count = parameter_count(state.mlp),
                        .train_samples = static_cast<Index>(sampler.train.size()),
                        .validation_samples = static_cast<Index>(sampler.validation.size()),
                        .zero_share = 1 - measure_density(dataset),
                        .skips_zeros = elements == BatchElements::kBytes,
                        .loaders = loader ? loader->thread_count() : 0};
    if (const Pipeline* pipeline = strategy->pipeline()) {
      for (const Range& layers : pipeline->stages) known.stages.push_back(layers.size());
      known.micro_batches = pipeline->schedule.micro_batch_count;
    }
    return known;
  }

  int epoch_in_hand() const { return static_cast<int>(state.epochs.size()) + 1; }

  std::int64_t steps_before_epoch() const {
    return static_cast<std::int64_t>(state.epochs.size()) * steps_per_epoch;
  }

  /// The rate of a step of the epoch in hand, counted from 0.
  double rate_of_step(std::int64_t batch) const {
    return learning_rate_at(recipe, steps_per_epoch, steps_before_epoch() + batch);
  }

  /// Samples that so many steps of an epoch take.
  Index samples_of(std::int64_t batches) const {
    return std::min(batches * batch_size, samples_per_epoch);
  }

  Divergence last_step() const { return {last.epoch, last.batch, last.learning_rate}; }

  bool diverges(bool is_finite) {
    if (!is_finite) divergence = last_step();
    return !is_finite;
  }

  const Batch& next_batch() {
    const auto scope = PhaseScope::common(recorder, Phase::kLoad);
    const PhaseScope wait(recorder, 0, Phase::kLoad, recorder ? loader->ready_count() : -1);
    return loader->next();
  }

  std::span<const std::uint32_t> next_samples() {
    if (ordered_epoch != epoch_in_hand()) {
      ordered_epoch = epoch_in_hand();
      epoch_order(sampler, ordered_epoch, order);
    }
    const auto begin = static_cast<std::size_t>(samples_of(state.progress.batch));
    const auto end = static_cast<std::size_t>(samples_of(state.progress.batch + 1));
    return std::span(order).subspan(begin, end - begin);
  }

  StepReport step() {
    if (epoch_is_complete()) end_epoch();
    const Stopwatch stopwatch;
    const auto scope = PhaseScope::step(recorder);
    EpochProgress& progress = state.progress;
    const double rate = rate_of_step(progress.batch);
    const std::span<const std::uint32_t> samples = next_samples();
    const StepInput input = {
        .dataset = dataset,
        .samples = samples,
        .rates = optimizer.rates(rate, steps_before_epoch() + progress.batch + 1),
        .augmentation = {recipe.augment, recipe.seed, epoch_in_hand()},
        .loss = loss_form(recipe, weights_of_class, dataset, samples),
        .dropout = dropout,
        .batch = loader ? &next_batch() : nullptr,
        .phases = recorder};
    if (cluster) bytes_sent -= cluster->bytes_sent();
    const StepResult result = strategy->step(input, optimizer, state.mlp);
    if (cluster) bytes_sent += cluster->bytes_sent();
    ++steps_here;
    ++progress.batch;
    progress.loss_sum += result.loss_sum;
    progress.correct_count += result.correct_count;
    progress.seconds += stopwatch.seconds();
    const Index done = samples_of(progress.batch);
    last = {.epoch = epoch_in_hand(),
            .batch = progress.batch,
            .samples_done = done,
            .samples_in_epoch = samples_per_epoch,
            .mean_loss = progress.loss_sum / static_cast<double>(done),
            .learning_rate = rate,
            .seconds = progress.seconds};
    return last;
  }

  TrainState& settled() {
    strategy->settle(optimizer, state.mlp);
    return state;
  }

  /// The network that is scored, which has the outputs of the one to keep.
  const Mlp& scored() {
    settled();
    if (recipe.average_weights == 0 || !is_begun(state)) return state.mlp;
    take_average(optimizer.state(), averaged);
    return averaged;
  }

  bool epoch_is_complete() const { return state.progress.batch == steps_per_epoch; }

  /// A rank looks at what it keeps up to date: the rest is as finite as it was.
  bool is_finite() {
    const Mlp& mlp = cluster ? state.mlp : settled().mlp;
    const bool own =
        std::isfinite(state.progress.loss_sum) && all_finite(mlp) && all_finite(optimizer.state());
    if (!cluster) return own;
    cluster->ask(!own);
    return !cluster->agreed();
  }

  std::optional<EpochResult> run_epoch(const std::function<void(const StepReport&)>& on_step,
                                       const std::atomic<bool>& stop) {
    const auto is_to_stop = [&] { return stop.load(std::memory_order_relaxed); };
    // Ranks agree whether to stop, which takes no time of its own while a step is made.
    const auto ask = [&] {
      if (cluster) cluster->ask(is_to_stop());
    };
    const auto stops = [&] { return cluster ? cluster->agreed() : is_to_stop(); };
    ask();
    for (bool stopped = stops(); !epoch_is_complete() && !stopped;) {
      ask();
      const StepReport report = step();
      if (on_step) on_step(report);
      stopped = stops();
      if (!std::isfinite(report.mean_loss)) break;
    }
    if (diverges(is_finite())) return {};
    if (!epoch_is_complete()) return {};
    // Ranks do not stop at the same moment, so they do not break validation off.
    return end_epoch([&] { return !cluster && is_to_stop(); });
  }

  /// Returns nothing if the epoch is not to be ended: `give_up` broke its validation off, or
  /// training diverged.
  std::optional<EpochResult> end_epoch(const std::function<bool()>& give_up = {}) {
    const EpochProgress& sums = state.progress;
    const auto n = static_cast<double>(samples_per_epoch);
    EpochResult result{.epoch = epoch_in_hand(),
                       .train_loss = sums.loss_sum / n,
                       .train_accuracy = static_cast<double>(sums.correct_count) / n,
                       .validation = std::nullopt,
                       .learning_rate = rate_of_step(sums.batch - 1),
                       .seconds = sums.seconds,
                       .samples_per_second = n / sums.seconds};
    if (!sampler.validation.empty()) {
      const auto scope = PhaseScope::common(recorder, Phase::kEvaluation);
      result.validation = evaluate(scored(), dataset, sampler.validation, pool, give_up);
      if (result.validation->sample_count == 0) return {};
      if (diverges(std::isfinite(result.validation->loss))) return {};
    }
    state.epochs.push_back(result);
    state.progress = {};
    const bool is_best = recipe.early_stopping > 0 &&
                         (state.best_epoch == 0 || result.validation->loss < state.best_loss);
    if (is_best) {
      state.best_loss = result.validation->loss;
      state.best = without_normalization(scored());
      state.best_epoch = result.epoch;
    }
    return result;
  }

  bool is_worth_saving() {
    constexpr std::size_t kProbes = 256;
    if (!is_begun(state) || divergence) return false;
    const auto scope = PhaseScope::common(recorder, Phase::kEvaluation);
    const auto probes = std::span(sampler.train).first(std::min(sampler.train.size(), kProbes));
    const auto is_finite = [&](const Mlp& mlp) {
      return std::isfinite(evaluate(mlp, dataset, probes, pool).loss);
    };
    return is_finite(settled().mlp) && (recipe.average_weights == 0 || is_finite(scored()));
  }
};

Trainer::Trainer(const Recipe& recipe, const Plan& plan, const Dataset& samples, ThreadPool& pool,
                 PhaseRecorder* recorder, std::optional<TrainState> resumed, Cluster* cluster)
    : impl_(std::make_unique<Impl>(recipe, plan, samples, pool, recorder, std::move(resumed),
                                   cluster)) {}

Trainer::~Trainer() = default;

const TrainStart& Trainer::start() const { return impl_->start; }

StepReport Trainer::step() { return impl_->step(); }

std::optional<EpochResult> Trainer::run_epoch(const std::function<void(const StepReport&)>& on_step,
                                              const std::atomic<bool>& stop) {
  return impl_->run_epoch(on_step, stop);
}

bool Trainer::is_over() const { return trp::is_over(impl_->recipe, impl_->state); }

const std::optional<Divergence>& Trainer::divergence() const { return impl_->divergence; }

const TrainState& Trainer::state() const { return impl_->settled(); }

const TrainState& Trainer::state_to_resume() {
  impl_->settled().optimizer = impl_->optimizer.state();
  return impl_->state;
}

Mlp Trainer::release_network() {
  TrainState& state = impl_->settled();
  return network_to_keep({.mlp = std::move(state.mlp),
                          .optimizer = std::move(impl_->optimizer.state()),
                          .epochs = state.epochs,
                          .progress = state.progress,
                          .best_epoch = state.best_epoch,
                          .best = std::move(state.best)});
}

bool Trainer::is_worth_saving() { return impl_->is_worth_saving(); }

std::optional<PipelineBubble> Trainer::bubble() const {
  const Pipeline* pipeline = impl_->strategy->pipeline();
  if (!pipeline) return std::nullopt;
  const PipelineSchedule& schedule = pipeline->schedule;
  return PipelineBubble{predicted_bubble(schedule.stage_count, schedule.micro_batch_count),
                        pipeline->measured_bubble()};
}

std::vector<PlanUse> Trainer::plan_uses() const { return impl_->strategy->uses(); }

double Trainer::bytes_per_step() const {
  const auto steps = static_cast<double>(impl_->steps_here);
  return steps > 0 ? static_cast<double>(impl_->bytes_sent) / steps : 0;
}

Divergence Trainer::last_step() const { return impl_->last_step(); }

std::int64_t Trainer::steps_made() const {
  return impl_->steps_before_epoch() + impl_->state.progress.batch;
}

Index Trainer::samples_trained() const {
  return static_cast<Index>(impl_->state.epochs.size()) * impl_->samples_per_epoch +
         impl_->samples_of(impl_->state.progress.batch);
}

}  // namespace trp
