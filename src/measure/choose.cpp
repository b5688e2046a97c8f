#include "measure/choose.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "profile/clock.h"
#include "trp/trainer.h"

namespace trp {
namespace {

constexpr double kVisitSeconds = 0.004;  // steps by one plan before it is the next one's turn
constexpr double kSlowStepShare = 0.05;  // of the limit: a step that takes longer is not tried
constexpr Index kProbeSamples = 16;      // to see how long a step takes

/// Does nothing beside stepping: the contenders differ in nothing but the plan.
Recipe to_probe(Recipe recipe) {
  recipe.validation_share = 0;
  recipe.early_stopping = 0;
  recipe.epochs = std::numeric_limits<int>::max();
  recipe.warmup_epochs = 0;
  return recipe;
}

/// One plan with a network and threads of its own.
class Contender {
 public:
  Contender(const Recipe& recipe, const Plan& plan, const Dataset& samples, int cpus)
      : plan_(plan), pool_(plan.workers, cpus), trainer_(recipe, plan, samples, pool_) {
    plan_.workers = pool_.worker_count();
  }

  /// The first step of a visit wakes threads and fills caches; the best one of the others counts.
  void visit() {
    const Stopwatch stopwatch;
    step();
    do {
      best_ = std::min(best_, step());
    } while (stopwatch.seconds() < kVisitSeconds);
  }

  /// Seconds of one step.
  double step() {
    const Stopwatch stopwatch;
    trainer_.step();
    return stopwatch.seconds();
  }

  const Plan& plan() const { return plan_; }
  double best() const { return best_; }  // seconds

 private:
  Plan plan_;
  ThreadPool pool_;
  Trainer trainer_;
  double best_ = std::numeric_limits<double>::infinity();
};

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
  const int most = base.workers > 0 ? base.workers : cpus;
  if (most == 1) return candidates;
  add(StrategyKind::kData, MergeKind::kFactored, most);
  add(StrategyKind::kTensor, MergeKind::kFactored, most);
  add(StrategyKind::kPipeline, MergeKind::kFactored, most);
  add(StrategyKind::kData, MergeKind::kOrdered, most);
  if (base.workers == 0)
    for (int count = 2; count < most; count *= 2)
      add(StrategyKind::kData, MergeKind::kFactored, count);
  return candidates;
}

/// What a step of the whole batch is likely to take, by the time of a small one.
double expected_step_seconds(Recipe recipe, const Plan& sequential, const Dataset& samples) {
  const Index batch_size = std::min(recipe.batch_size, samples.sample_count);
  recipe.batch_size = std::min(batch_size, kProbeSamples);
  Contender probe(recipe, sequential, samples, 1);
  return std::min(probe.step(), probe.step()) * static_cast<double>(batch_size) /
         static_cast<double>(recipe.batch_size);
}

}  // namespace

Choice choose_plan(const Recipe& recipe, const Plan& base, const Dataset& samples, int cpus,
                   double limit_seconds) {
  const Stopwatch stopwatch;
  const std::vector<Plan> candidates = candidates_of(base, cpus);
  if (candidates.size() == 1) return {.plan = candidates[0], .tried = 1};
  Choice choice = {.plan = candidates[1]};
  const Recipe probed = to_probe(recipe);
  if (expected_step_seconds(probed, candidates[0], samples) < kSlowStepShare * limit_seconds) {
    // Each contender is made when it is first visited, which takes time too.
    std::vector<std::unique_ptr<Contender>> contenders;
    const auto has_time_for = [&](double step_seconds) {
      return stopwatch.seconds() + std::max(kVisitSeconds, 2 * step_seconds) < limit_seconds;
    };
    double setup_seconds = 0;
    for (const Plan& plan : candidates) {
      if (!contenders.empty() && !has_time_for(setup_seconds)) break;
      const Stopwatch setup;
      contenders.push_back(std::make_unique<Contender>(probed, plan, samples, cpus));
      contenders.back()->visit();
      setup_seconds = setup.seconds();
    }
    for (std::size_t turn = 0; has_time_for(contenders[turn]->best());
         turn = (turn + 1) % contenders.size())
      contenders[turn]->visit();

    const Contender& sequential = *contenders.front();
    const auto fastest = std::ranges::min_element(
        contenders, {}, [](const std::unique_ptr<Contender>& c) { return c->best(); });
    const double speedup = sequential.best() / (*fastest)->best();
    const Contender& chosen = speedup < kMinGain ? sequential : **fastest;
    choice = {.plan = chosen.plan(),
              .tried = static_cast<int>(contenders.size()),
              .speedup = sequential.best() / chosen.best()};
  }
  choice.seconds = stopwatch.seconds();
  return choice;
}

}  // namespace trp
