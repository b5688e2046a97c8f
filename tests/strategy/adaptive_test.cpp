#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "catch.h"
#include "data/synthetic.h"
#include "sanitized.h"
#include "strategy/strategy.h"

namespace trp {
namespace {

/// Makes steps on batches of all samples; returns by what they were made.
std::vector<PlanUse> uses_of(const std::vector<Index>& sizes, Index samples, int workers, int cpus,
                             int steps, MergeKind merge = MergeKind::kFactored) {
  const Dataset dataset = synthetic_dataset(samples, sizes.front(), sizes.back(), 1);
  std::vector<std::uint32_t> batch(static_cast<std::size_t>(samples));
  std::iota(batch.begin(), batch.end(), 0U);
  Mlp mlp = make_mlp(sizes, 1);
  Optimizer optimizer(mlp, {});
  ThreadPool pool(workers, cpus);
  const auto strategy = make_strategy({.strategy = StrategyKind::kAuto, .merge = merge}, mlp,
                                      optimizer, {samples, BatchElements::kBytes}, pool);
  for (int step = 0; step < steps; ++step)
    strategy->step({dataset, batch, {0.01F}}, optimizer, mlp);
  return strategy->uses();
}

TEST_CASE("auto makes some steps in each way, most in one, and measures again") {
  const std::vector<PlanUse> uses = uses_of({80, 16, 5}, 8, 8, 8, 200'000, MergeKind::kOrdered);
  REQUIRE(uses.size() == 5);
  const auto is = [](const PlanUse& use, StrategyKind strategy, int workers) {
    return use.plan.strategy == strategy && use.plan.workers == workers && use.steps > 3;
  };
  CHECK(is(uses[0], StrategyKind::kData, 8));
  CHECK(is(uses[1], StrategyKind::kTensor, 8));
  CHECK(is(uses[2], StrategyKind::kData, 4));
  CHECK(is(uses[3], StrategyKind::kData, 2));
  CHECK(is(uses[4], StrategyKind::kSequential, 1));
  CHECK(uses[0].plan.merge == MergeKind::kOrdered);
  // Eight workers on two CPUs are no more than two; 64 samples have more activations than weights.
  CHECK(uses_of({80, 16, 5}, 8, 8, 2, 1).size() == 3);
  CHECK(uses_of({80, 16, 5}, 64, 8, 2, 1).size() == 2);
}

TEST_CASE("auto has nothing to choose with one worker, and measures nothing if steps are long") {
  const std::vector<PlanUse> alone = uses_of({20, 16, 5}, 8, 1, 2, 10);
  REQUIRE(alone.size() == 1);
  CHECK(alone[0].plan.strategy == StrategyKind::kSequential);
  CHECK(alone[0].steps == 10);
  if (kThreadSanitizer) return;  // it takes minutes
  const std::vector<PlanUse> uses = uses_of({784, 2048, 10}, 4096, 2, 1, 8);
  CHECK(uses[0].plan.strategy == StrategyKind::kData);
  CHECK(uses[0].steps == 8);
}

TEST_CASE("auto goes on comparing after one step that took long") {
  if (kThreadSanitizer) return;  // it takes minutes
  const Dataset dataset = synthetic_dataset(4096, 784, 10, 1);
  std::vector<std::uint32_t> samples(4096);
  std::iota(samples.begin(), samples.end(), 0U);
  Mlp mlp = make_mlp(std::vector<Index>{784, 2048, 10}, 1);
  Optimizer optimizer(mlp, {});
  ThreadPool pool(2, 1);
  const auto strategy = make_strategy({.strategy = StrategyKind::kAuto}, mlp, optimizer,
                                      {4096, BatchElements::kBytes}, pool);
  strategy->step({dataset, samples, {0.01F}}, optimizer, mlp);
  for (int step = 0; step < 20; ++step)
    strategy->step({dataset, std::span(samples).first(8), {0.01F}}, optimizer, mlp);
  CHECK(strategy->uses().back().steps > 0);
}

}  // namespace
}  // namespace trp
