#include "measure/budget.h"

#include <numeric>

#include "catch.h"
#include "data/synthetic.h"
#include "strategy/all_plans.h"
#include "strategy/phase.h"
#include "train/run_options.h"
#include "trp/train.h"

namespace trp {
namespace {

const std::atomic<bool> kNeverStop{false};

WorkerTimes worker_of(const std::vector<std::pair<Phase, double>>& seconds, double given = 0,
                      bool is_first = true) {
  WorkerTimes worker;
  worker.is_first = is_first;
  for (const auto& [phase, value] : seconds) worker.seconds[phase] = value;
  worker.preempted_seconds = given;
  return worker;
}

double sum_of(const Budget& budget) {
  return std::accumulate(budget.seconds.begin(), budget.seconds.end(), 0.0);
}

/// 10 s of work, 1 s of it outside what can be forked; 2 s of evaluation besides.
const PhaseTimes kSequential = {.wall_seconds = 12,
                                .cpus = 2,
                                .workers = {worker_of({{Phase::kGather, 1},
                                                       {Phase::kForward, 3},
                                                       {Phase::kBackward, 4},
                                                       {Phase::kSgd, 1},
                                                       {Phase::kEvaluation, 2},
                                                       {Phase::kOther, 1}})}};

/// Two workers: 1 s alone, 0.5 s of waiting for data, 6 s of fork-joins, 1 s of evaluation.
PhaseTimes two_workers() {
  return {.wall_seconds = 8.5,
          .cpus = 2,
          .workers = {worker_of({{Phase::kForward, 3},
                                 {Phase::kBackward, 2},
                                 {Phase::kMerge, 0.25},
                                 {Phase::kMergeWait, 0.25},
                                 {Phase::kBarrier, 0.5},
                                 {Phase::kLoad, 0.5},
                                 {Phase::kEvaluation, 1},
                                 {Phase::kOther, 1}},
                                0.25),
                      worker_of({{Phase::kForward, 2},
                                 {Phase::kBackward, 2.5},
                                 {Phase::kMerge, 0.5},
                                 {Phase::kBarrier, 1},
                                 {Phase::kLoad, 0.5},
                                 {Phase::kEvaluation, 1},
                                 {Phase::kOther, 1}},
                                0, false)},
          .fork_join_seconds = 6,
          .busiest_seconds = 5.75};
}

TEST_CASE("a sequential training is useful but for what the system gave to others") {
  PhaseTimes times = kSequential;
  CHECK(make_budget(times, times).of(BudgetPart::kUseful) == 10);
  times.workers[0].preempted_seconds = 2;
  const Budget budget = make_budget(times, times);
  CHECK(budget.total_seconds == 10);
  CHECK(budget.of(BudgetPart::kUseful) == 8);
  CHECK(budget.of(BudgetPart::kPreempted) == 2);
  CHECK(sum_of(budget) == Approx(10));
}

TEST_CASE("every second of every worker has one place in the budget") {
  const Budget budget = make_budget(two_workers(), kSequential);
  CHECK(budget.total_seconds == 15);
  CHECK(sum_of(budget) == Approx(15));
  CHECK(budget.of(BudgetPart::kUseful) == 10);
  CHECK(budget.of(BudgetPart::kSlower) == Approx(9.5 + 1 - 10 - 0.25));
  CHECK(budget.of(BudgetPart::kMerge) == 0.75);
  CHECK(budget.of(BudgetPart::kMergeWait) == 0.25);
  CHECK(budget.of(BudgetPart::kImbalance) == Approx(2 * 5.75 - 10.5));
  CHECK(budget.of(BudgetPart::kBarrier) == Approx(12 - 10.5 - 1));
  CHECK(budget.of(BudgetPart::kLoad) == 1);
  CHECK(budget.of(BudgetPart::kSerial) == 1);
  CHECK(budget.of(BudgetPart::kPreempted) == 0.25);
  CHECK(budget.share(BudgetPart::kSerial) == Approx(1.0 / 15));
  // 1 s each for imbalance, data and the serial part: the first of them is named.
  CHECK(largest_loss(budget) == BudgetPart::kImbalance);
}

TEST_CASE("what workers have waited for CPUs is given to others, not imbalance or barriers") {
  const Budget budget = make_budget(two_workers(), kSequential, 1);  // 0.25 s of it while at work
  CHECK(budget.of(BudgetPart::kPreempted) == 1);
  CHECK(budget.of(BudgetPart::kImbalance) == Approx(2 * 5.75 - 10.5 - 0.75));
  CHECK(budget.of(BudgetPart::kBarrier) == Approx(12 - 10.5 - 1));
  CHECK(sum_of(budget) == Approx(15));

  const Budget all = make_budget(two_workers(), kSequential, 100);  // more than they were idle
  CHECK(all.of(BudgetPart::kPreempted) == Approx(0.25 + 1.5));
  CHECK(all.of(BudgetPart::kImbalance) == 0);
  CHECK(all.of(BudgetPart::kBarrier) == Approx(0).margin(1e-12));
  CHECK(sum_of(all) == Approx(15));
}

TEST_CASE("work that takes less time than sequentially is all useful") {
  PhaseTimes fast = two_workers();
  fast.workers[0].seconds[Phase::kForward] -= 1;
  fast.workers[0].seconds[Phase::kBarrier] += 1;
  const Budget budget = make_budget(fast, kSequential);
  CHECK(budget.of(BudgetPart::kSlower) == 0);
  CHECK(budget.of(BudgetPart::kUseful) == Approx(9.25));
  CHECK(sum_of(budget) == Approx(15));
  CHECK(pop_factors(budget).computation_scaling == Approx(10 / 9.25));
}

TEST_CASE("ranks wait for one another outside fork-joins, and each works alone in its own way") {
  // 10 s: rank 0 waits for 3 of them, rank 1 for 2; both work for 1 s outside fork-joins.
  const auto first = worker_of({{Phase::kForward, 6}, {Phase::kRanks, 3}, {Phase::kOther, 1}});
  const auto other = worker_of(
      {{Phase::kForward, 6}, {Phase::kRanks, 2}, {Phase::kBarrier, 1}, {Phase::kOther, 1}});
  const PhaseTimes times = {.wall_seconds = 10,
                            .cpus = 2,
                            .workers = {first, other},
                            .fork_join_seconds = 6,
                            .busiest_seconds = 6};
  const Budget budget = make_budget(times, kSequential);
  CHECK(budget.of(BudgetPart::kRanks) == 5);
  CHECK(budget.of(BudgetPart::kSerial) == 0);  // none waits for its rank's first worker
  CHECK(budget.of(BudgetPart::kUseful) == 10);
  CHECK(budget.of(BudgetPart::kSlower) == Approx(4));
  CHECK(budget.of(BudgetPart::kImbalance) + budget.of(BudgetPart::kBarrier) == Approx(1));
  CHECK(sum_of(budget) == Approx(20));
  CHECK(pop_factors(budget).efficiency() == Approx(0.5));
}

TEST_CASE("workers that have not been woken have no time, and CPUs taken in turns are not given") {
  PhaseTimes asleep = two_workers();
  asleep.workers.push_back(worker_of(
      {{Phase::kAsleep, 6}, {Phase::kLoad, 0.5}, {Phase::kEvaluation, 1}, {Phase::kOther, 1}}, 0,
      false));
  const Budget budget = make_budget(asleep, kSequential);
  CHECK(budget.seconds == make_budget(two_workers(), kSequential).seconds);

  // Four stages on two CPUs: 18 s of work in the 12 s that there are.
  PhaseTimes turns = two_workers();
  turns.workers = {};
  for (int w = 0; w < 4; ++w)
    turns.workers.push_back(worker_of({{Phase::kForward, 4.5},
                                       {Phase::kBarrier, 1.5},
                                       {Phase::kLoad, 0.5},
                                       {Phase::kEvaluation, 1},
                                       {Phase::kOther, 1}},
                                      1, w == 0));
  const Budget shared = make_budget(turns, kSequential);
  CHECK(shared.of(BudgetPart::kPreempted) == 0);
  CHECK(shared.of(BudgetPart::kBarrier) == Approx(0));
  CHECK(sum_of(shared) == Approx(15));
}

TEST_CASE("the factors of efficiency multiply to the useful share") {
  const Budget budget = make_budget(two_workers(), kSequential);
  const PopFactors pop = pop_factors(budget);
  CHECK(pop.efficiency() == Approx(budget.share(BudgetPart::kUseful)));
  CHECK(pop.availability == Approx(1 - 0.25 / 15));
  CHECK(pop.load_balance == Approx(10.25 / 11.25));
  CHECK(pop.computation_scaling == Approx(10 / 10.25));
  CHECK(pop.serialisation == Approx(11.25 / (11.25 + 0.25 + 1 + 1)));
  CHECK(pop.transfer == Approx((11.25 + 2.25) / (15 - 0.25)));
}

TEST_CASE("times of runs add up") {
  PhaseTimes sum;
  sum += two_workers();
  sum += two_workers();
  CHECK(sum.wall_seconds == 17);
  CHECK(sum.fork_join_seconds == 12);
  CHECK(sum.busiest_seconds == 11.5);
  CHECK(sum.workers[1].of(Phase::kForward) == 4);
  CHECK(sum.workers[0].preempted_seconds == 0.5);
}

TEST_CASE("the budget of every strategy and number of workers sums to 100 %") {
  const DataSets data = synthetic_data(400, 20, 60, 5);
  const auto times_of = [&](const Plan& strategy, int workers) {
    RunOptions options;
    options.recipe.hidden = {60, 40};
    options.recipe.class_count = 5;
    options.recipe.epochs = 1;
    options.recipe.batch_size = 40;
    options.plan = strategy;
    ThreadPool pool(workers, 2);
    PhaseRecorder recorder(kTrainingPhases, workers, 2);
    train(options, data, pool, {.recorder = &recorder}, kNeverStop);
    return recorder.times();
  };
  const PhaseTimes sequential = times_of({.strategy = StrategyKind::kSequential}, 1);
  for (const NamedPlan& named : kAllPlans)
    for (const int workers : {1, 2, 4}) {
      INFO(named.name << ", " << workers << " workers");
      const Budget budget = make_budget(times_of(named.plan, workers), sequential);
      double shares = 0;
      for (std::size_t p = 0; p < kBudgetPartCount; ++p) {
        const double share = budget.share(static_cast<BudgetPart>(p));
        CHECK(share >= -0.001);
        shares += share;
      }
      CHECK(shares == Approx(1).margin(0.01));
      if (named.plan.strategy == StrategyKind::kSequential) break;
      CHECK(budget.of(BudgetPart::kSerial) >= 0);
      CHECK((budget.of(BudgetPart::kSerial) > 0) == (workers > 1));
      CHECK(pop_factors(budget).efficiency() ==
            Approx(budget.sequential_seconds / budget.total_seconds).epsilon(0.01));
    }
}

}  // namespace
}  // namespace trp
