#include "strategy/adaptive.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "profile/clock.h"

namespace trp {
namespace {

/// A way is measured over so many seconds of steps, and so many steps at least. Once comparisons
/// are rare they are longer, by the root of patience: a core that is alone at work may be clocked
/// higher after a while.
constexpr double kTimedSeconds = 2e-3;
constexpr std::size_t kTimedSteps = 3;
constexpr double kWarmUpSeconds = 5e-4;  // before: threads wake up, weights come into caches
constexpr double kMaxRest = 100;         // between two comparisons, in times of their own length
constexpr double kMinGain = 1.03;
constexpr double kLongStepSeconds =
    0.05;  // beside it forks, joins and travelling weights are small

/// Whether the outputs of a batch's layers, and their gradients, are fewer than the weights.
bool batch_is_lighter(const Mlp& mlp, Index batch_size) {
  Index outputs = 0;
  for (const Layer& layer : mlp.layers) outputs += layer.weight.cols();
  return 2 * batch_size * outputs < parameter_count(mlp);
}

std::vector<Plan> plans_to_try(const Mlp& mlp, Index batch_size, const Plan& base,
                               const ThreadPool& pool) {
  std::vector<Plan> plans;
  const auto add = [&](StrategyKind strategy, int workers) {
    plans.push_back(base);
    plans.back().strategy = strategy;
    plans.back().workers = workers;
  };
  const int most = pool.worker_count();
  if (most > 1) {
    add(StrategyKind::kData, most);
    if (batch_is_lighter(mlp, batch_size)) add(StrategyKind::kTensor, most);
    for (int count = std::min(most, pool.cpu_count()) / 2; count > 1; count /= 2)
      add(StrategyKind::kData, count);
  }
  add(StrategyKind::kSequential, 1);
  return plans;
}

}  // namespace

Adaptive::Adaptive(const Mlp& mlp, const BatchForm& form, const Plan& plan, ThreadPool& pool)
    : form_(form), pool_(pool) {
  for (const Plan& tried : plans_to_try(mlp, form.capacity, plan, pool))
    ways_.push_back({{tried, 0}, {}, {}});
  if (ways_.size() == 1) rest_ = std::numeric_limits<double>::infinity();
}

/// Lets the steps that follow be made in this way.
void Adaptive::take(std::size_t way, Optimizer& optimizer, Mlp& mlp) {
  settle(optimizer, mlp);
  way_ = way;
  auto& [use, pool, strategy] = ways_[way];
  if (strategy) return;
  const bool has_fewer = use.plan.workers > 1 && use.plan.workers < pool_.worker_count();
  if (has_fewer) pool = std::make_unique<ThreadPool>(use.plan.workers, pool_.cpu_count());
  strategy = make_strategy(use.plan, mlp, optimizer, form_, pool ? *pool : pool_);
}

StepResult Adaptive::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  Way& way = ways_[way_];
  if (!way.strategy) take(way_, optimizer, mlp);
  const Stopwatch stopwatch;
  const StepResult result = way.strategy->step(input, optimizer, mlp);
  const double seconds = stopwatch.seconds();
  ++way.use.steps;
  if (rest_ > 0)
    rest_ -= seconds;
  else if (const auto measured = measure(seconds, input.sample_count()))
    take(next_way(*measured, input.sample_count()), optimizer, mlp);
  return result;
}

/// Takes note of a step. Returns the seconds that a sample takes in the way in hand, once that has
/// been measured for long enough.
std::optional<double> Adaptive::measure(double seconds, Index samples) {
  spent_ += seconds;
  of_way_ += seconds;
  if (of_way_ - seconds < kWarmUpSeconds || of_way_ <= seconds) return std::nullopt;
  seconds_of_samples_.push_back(seconds / static_cast<double>(samples));
  if (seconds_of_samples_.size() < kTimedSteps ||
      of_way_ < kWarmUpSeconds + kTimedSeconds * std::sqrt(patience_))
    return std::nullopt;
  const auto middle = seconds_of_samples_.begin() + std::ssize(seconds_of_samples_) / 2;
  std::ranges::nth_element(seconds_of_samples_, middle);
  const double median = *middle;
  seconds_of_samples_.clear();
  of_way_ = 0;
  return median;
}

/// Returns the way to go on with after the one in hand has been measured, on steps of so many
/// samples: the challenger, or, after that one, the better of the two until the next comparison.
std::size_t Adaptive::next_way(double seconds_of_sample, Index samples) {
  if (way_ == best_) {
    seconds_of_best_ = seconds_of_sample;
    if (seconds_of_sample * static_cast<double>(samples) < kLongStepSeconds) return challenger_;
    rest_ = kMaxRest * std::exchange(spent_, 0);
    return best_;
  }
  const bool has_more = ways_[challenger_].use.plan.workers >= ways_[best_].use.plan.workers;
  if (seconds_of_best_ / seconds_of_sample > (has_more ? kMinGain : 1 / kMinGain)) {
    best_ = challenger_;
    patience_ = 1;
  } else {
    patience_ = std::min(2 * patience_, kMaxRest);
  }
  do challenger_ = (challenger_ + 1) % ways_.size();
  while (challenger_ == best_);
  rest_ = patience_ * std::exchange(spent_, 0);
  return best_;
}

void Adaptive::settle(Optimizer& optimizer, Mlp& mlp) {
  if (Strategy* in_hand = ways_[way_].strategy.get()) in_hand->settle(optimizer, mlp);
}

std::vector<PlanUse> Adaptive::uses() const {
  std::vector<PlanUse> uses;
  for (const Way& way : ways_) uses.push_back(way.use);
  return uses;
}

}  // namespace trp
