#include "measure/choose.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "measure/certainty.h"
#include "measure/race.h"
#include "profile/clock.h"
#include "train/words.h"
#include "trp/trainer.h"

namespace trp {
namespace {

constexpr double kSlowStepShare = 0.05;  // of the limit: a step that takes longer is not tried
constexpr Index kProbeSamples = 16;      // to see how long a step takes

/// Does nothing beside stepping: the plans differ in nothing but the plan.
Recipe to_probe(Recipe recipe) {
  recipe.validation_share = 0;
  recipe.early_stopping = 0;
  recipe.epochs = std::numeric_limits<int>::max();
  recipe.warmup_epochs = 0;
  return recipe;
}

/// A training of its own for one plan.
struct Probe {
  Plan plan;
  ThreadPool pool;
  Trainer trainer;

  Probe(const Recipe& recipe, const Plan& tried, const Dataset& samples, int cpus)
      : plan(tried), pool(tried.workers, cpus), trainer(recipe, tried, samples, pool) {
    plan.workers = pool.worker_count();
  }
};

/// In ascending order of workers.
std::vector<Plan> candidates_of(const Plan& base, int cpus) {
  std::vector<Plan> candidates;
  const auto add = [&](StrategyKind strategy, MergeKind merge, int workers) {
    candidates.push_back(base);
    candidates.back().strategy = strategy;
    candidates.back().merge = merge;
    candidates.back().workers = workers;
  };
  add(StrategyKind::kSequential, MergeKind::kFactored, 1);
  const int max_workers = base.workers > 0 ? base.workers : cpus;
  if (max_workers == 1) return candidates;
  if (base.workers == 0)
    for (int count = 2; count < max_workers; count *= 2)
      add(StrategyKind::kData, MergeKind::kFactored, count);
  add(StrategyKind::kData, MergeKind::kFactored, max_workers);
  add(StrategyKind::kTensor, MergeKind::kFactored, max_workers);
  add(StrategyKind::kPipeline, MergeKind::kFactored, max_workers);
  add(StrategyKind::kData, MergeKind::kOrdered, max_workers);
  return candidates;
}

/// What a step of the whole batch is likely to take, by the time of a small one.
double expected_step_seconds(Recipe recipe, const Plan& sequential, const Dataset& samples) {
  const Index batch_size = std::min(recipe.batch_size, samples.sample_count);
  recipe.batch_size = std::min(batch_size, kProbeSamples);
  Probe probe(recipe, sequential, samples, 1);
  probe.trainer.step();
  const Stopwatch stopwatch;
  probe.trainer.step();
  return stopwatch.seconds() * static_cast<double>(batch_size) /
         static_cast<double>(recipe.batch_size);
}

/// Returns which one to take, of contenders in ascending order of workers: the fastest, but more
/// workers only if they pay.
std::size_t fastest_of(const std::vector<Contender>& contenders) {
  std::size_t chosen = 0;
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    const Spread gain = speedup(contenders[i], contenders[chosen]);
    const bool has_more = contenders[i].workers > contenders[chosen].workers;
    const bool pays = has_more ? gain.median >= kMinGain && is_faster(gain) : gain.median > 1;
    if (pays && speedup(contenders[i], contenders[0]).median >= kMinGain) chosen = i;
  }
  return chosen;
}

}  // namespace

Choice choose_plan(const Recipe& recipe, const Plan& base, const Dataset& samples, int cpus,
                   double limit_seconds) {
  const Stopwatch stopwatch;
  const std::vector<Plan> candidates = candidates_of(base, cpus);
  if (candidates.size() == 1) return {.plan = candidates[0], .tried = 1};
  const Recipe probed = to_probe(recipe);
  if (expected_step_seconds(probed, candidates[0], samples) >= kSlowStepShare * limit_seconds) {
    Plan untried = candidates[0];
    untried.strategy = StrategyKind::kData;
    untried.workers = candidates.back().workers;
    return {.plan = untried, .seconds = stopwatch.seconds()};
  }
  std::vector<std::unique_ptr<Probe>> probes;
  Race race = {.cpus = cpus};
  for (const Plan& plan : candidates) {
    Probe& probe = *probes.emplace_back(std::make_unique<Probe>(probed, plan, samples, cpus));
    race.add({plan_name(plan), plan.workers}, [&probe] { probe.trainer.step(); });
  }
  race.run({.seconds = (limit_seconds - stopwatch.seconds()) / 2});  // it may take twice as long

  const std::vector<Contender>& contenders = race.contenders;
  const std::size_t chosen = fastest_of(contenders);
  return {.plan = probes[chosen]->plan,
          .tried = static_cast<int>(probes.size()),
          .speedup = chosen == 0 ? 1 : speedup(contenders[chosen], contenders[0]).median,
          .seconds = stopwatch.seconds(),
          .lost_share = lost_share(contenders),
          .is_certain = is_certain(contenders, fastest_of)};
}

}  // namespace trp
