#include "measure/choose.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "measure/race.h"
#include "profile/clock.h"
#include "trp/trainer.h"

namespace trp {
namespace {

constexpr double kTurnSeconds = 0.004;   // steps by one plan before it is the next one's turn
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

  double step_seconds() {
    const Stopwatch stopwatch;
    trainer.step();
    return stopwatch.seconds();
  }

  /// The first step of a turn wakes threads and fills caches; the best one of the others counts.
  double turn(double seconds) {
    const Stopwatch stopwatch;
    step_seconds();
    double best = step_seconds();
    while (stopwatch.seconds() < seconds) best = std::min(best, step_seconds());
    return best;
  }
};

double best_of(const Contender& contender) { return std::ranges::min(contender.seconds); }

/// The likeliest first, since time may run out.
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
  add(StrategyKind::kData, MergeKind::kFactored, max_workers);
  add(StrategyKind::kTensor, MergeKind::kFactored, max_workers);
  add(StrategyKind::kPipeline, MergeKind::kFactored, max_workers);
  add(StrategyKind::kData, MergeKind::kOrdered, max_workers);
  if (base.workers == 0)
    for (int count = 2; count < max_workers; count *= 2)
      add(StrategyKind::kData, MergeKind::kFactored, count);
  return candidates;
}

/// What a step of the whole batch is likely to take, by the time of a small one.
double expected_step_seconds(Recipe recipe, const Plan& sequential, const Dataset& samples) {
  const Index batch_size = std::min(recipe.batch_size, samples.sample_count);
  recipe.batch_size = std::min(batch_size, kProbeSamples);
  Probe probe(recipe, sequential, samples, 1);
  return std::min(probe.step_seconds(), probe.step_seconds()) * static_cast<double>(batch_size) /
         static_cast<double>(recipe.batch_size);
}

}  // namespace

Choice choose_plan(const Recipe& recipe, const Plan& base, const Dataset& samples, int cpus,
                   double limit_seconds) {
  const Stopwatch stopwatch;
  const std::vector<Plan> candidates = candidates_of(base, cpus);
  if (candidates.size() == 1) return {.plan = candidates[0], .tried = 1};
  const Recipe probed = to_probe(recipe);
  if (expected_step_seconds(probed, candidates[0], samples) >= kSlowStepShare * limit_seconds)
    return {.plan = candidates[1], .seconds = stopwatch.seconds()};

  const auto has_time_for = [&](double seconds) {
    return stopwatch.seconds() + std::max(kTurnSeconds, 2 * seconds) < limit_seconds;
  };
  // Each probe is made when it has its first turn, which takes time too.
  std::vector<std::unique_ptr<Probe>> probes;
  Race race = {.cpus = cpus};
  double setup_seconds = 0;
  for (const Plan& plan : candidates) {
    if (!probes.empty() && !has_time_for(setup_seconds)) break;
    const Stopwatch setup;
    probes.push_back(std::make_unique<Probe>(probed, plan, samples, cpus));
    race.contenders.push_back(
        {.turn = [&probe = *probes.back()](double seconds) { return probe.turn(seconds); }});
    take_turn(race.contenders.back(), kTurnSeconds);
    setup_seconds = setup.seconds();
  }
  for (std::size_t i = 0; has_time_for(best_of(race.contenders[i])); i = (i + 1) % probes.size())
    take_turn(race.contenders[i], kTurnSeconds);

  const auto fastest = std::ranges::min_element(race.contenders, {}, best_of);
  const double speedup = best_of(race.contenders.front()) / best_of(*fastest);
  const auto chosen = speedup < kMinGain ? race.contenders.begin() : fastest;
  return {.plan = probes[static_cast<std::size_t>(chosen - race.contenders.begin())]->plan,
          .tried = static_cast<int>(probes.size()),
          .speedup = best_of(race.contenders.front()) / best_of(*chosen),
          .seconds = stopwatch.seconds()};
}

}  // namespace trp
