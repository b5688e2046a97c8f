#include "measure/bench.h"

#include <set>

#include "catch.h"
#include "data/synthetic.h"
#include "trp/error.h"

using namespace trp;

namespace {

const std::atomic<bool> kNeverStop{false};

const std::vector<StrategyKind> kAllKinds = {StrategyKind::kSequential, StrategyKind::kData,
                                             StrategyKind::kTensor, StrategyKind::kPipeline};
const std::vector<MergeKind> kAllMerges = {MergeKind::kFactored, MergeKind::kOrdered,
                                           MergeKind::kArrival};

BenchOptions small_plan() {
  BenchOptions plan;
  plan.recipe.hidden = {20};
  plan.recipe.class_count = 5;
  plan.recipe.epochs = 1;
  plan.cases = bench_cases(
      {},
      {.workers = {1, 2}, .strategies = kAllKinds, .merges = kAllMerges, .batch_sizes = {8, 16}});
  plan.warmup = 1;
  plan.runs = 3;
  return plan;
}

BenchRow row_of(StrategyKind kind, MergeKind merge, int workers,
                const std::vector<double>& seconds) {
  return {.plan = {.strategy = kind, .merge = merge, .workers = workers},
          .batch_size = 64,
          .seconds = seconds,
          .samples = 1000,
          .weights = "w"};
}

}  // namespace

TEST_CASE("ranks take the place of strategies, beside one process with one worker") {
  const auto cases =
      bench_cases({.loaders = 1, .ranks = 3}, {.workers = {1, 2}, .strategies = kAllKinds});
  REQUIRE(cases.size() == 5);
  CHECK(cases[0].is_sequential());
  CHECK(!cases[0].is_parallel());
  const RanksSplit splits[] = {RanksSplit::kOutputs, RanksSplit::kOutputs, RanksSplit::kRows,
                               RanksSplit::kRows};
  for (std::size_t i = 1; i < cases.size(); ++i) {
    CHECK(!cases[i].is_sequential());
    CHECK(cases[i].plan.ranks_split == splits[i - 1]);
    CHECK(total_workers(cases[i].plan) == (i % 2 == 1 ? 3 : 6));
    CHECK(cases[i].plan.loaders == 1);
  }
  CHECK(same_plan(cases[1].plan, cases[2].plan));
  CHECK(!same_plan(cases[2].plan, cases[3].plan));
}

TEST_CASE("each batch size has one sequential case and every combination that differs") {
  const std::vector<BenchRow> cases = small_plan().cases;
  // Per batch size: sequential, and (3 merges + tensor + pipeline) with two numbers of workers.
  REQUIRE(cases.size() == 2 * (1 + 5 * 2));
  CHECK(cases[0].plan.strategy == StrategyKind::kSequential);
  CHECK(cases[0].batch_size == 8);
  CHECK(cases[11].plan.strategy == StrategyKind::kSequential);
  CHECK(cases[11].batch_size == 16);
  for (std::size_t i = 0; i < cases.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      CHECK_FALSE((same_plan(cases[i].plan, cases[k].plan) &&
                   cases[i].plan.workers == cases[k].plan.workers &&
                   cases[i].batch_size == cases[k].batch_size));
}

TEST_CASE("a bench runs every case in turn, does not count the warm-up, and compares the weights") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  const BenchOptions plan = small_plan();
  std::vector<int> runs;
  const auto results = run_bench(
      plan, data, 2,
      [&](std::span<const BenchRow> so_far, int run) {
        runs.push_back(run);
        CHECK(so_far.size() == plan.cases.size());
      },
      kNeverStop);
  REQUIRE(runs.size() == plan.cases.size() * 4);
  for (std::size_t i = 0; i < runs.size(); ++i) CHECK(runs[i] == static_cast<int>(i) + 1);
  std::set<std::string> digests;
  for (const BenchRow& result : results) {
    CHECK(result.seconds.size() == 3);
    CHECK(result.samples == 50);
    if (!same_plan(result.plan, {.merge = MergeKind::kArrival})) digests.insert(result.weights);
  }
  CHECK(digests.size() == 2);  // one for each batch size
  for (const BenchRow& row : compare_rows(results, 2)) {
    CHECK(median(row.seconds) > 0);
    CHECK(row.speedups.size() == 3);
    CHECK(row.oversubscribed == false);
  }
}

TEST_CASE("a bench that is stopped keeps the rounds that were finished") {
  const DataSets data = synthetic_data(50, 10, 30, 5);
  const BenchOptions plan = small_plan();
  const int count = static_cast<int>(plan.cases.size());
  std::atomic<bool> stop{false};
  const auto results = run_bench(
      plan, data, 2, [&](auto, int run) { stop = run == 2 * count + 3; }, stop);
  for (const BenchRow& result : results) CHECK(result.seconds.size() == 1);
}

TEST_CASE("a training that diverges is no measurement") {
  BenchOptions plan = small_plan();
  plan.recipe.learning_rate = 1e30;
  CHECK_THROWS_AS(run_bench(plan, synthetic_data(50, 10, 30, 5), 2, {}, kNeverStop), Error);
}

TEST_CASE("rows compare medians with those of sequential training") {
  using enum StrategyKind;
  std::vector<BenchRow> results = {
      row_of(kSequential, MergeKind::kFactored, 1, {4, 4, 4.4}),
      row_of(kData, MergeKind::kFactored, 2, {2, 2.5, 2}),
      row_of(kData, MergeKind::kFactored, 4, {1.25, 1.25, 1.25}),
      row_of(kData, MergeKind::kArrival, 2, {5, 5, 5}),
      row_of(kTensor, MergeKind::kFactored, 2, {}),  // not run yet
  };
  results[3].weights = "other";
  const std::vector<BenchRow> rows = compare_rows(results, 2);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].speedup() == Spread{1, 1, 1});
  CHECK(rows[1].speedups == std::vector<double>{2, 1.6, 2.2});
  CHECK(rows[1].speedup().median == 2);
  CHECK_FALSE(rows[1].oversubscribed);
  CHECK(rows[2].oversubscribed);
  CHECK(rows[1].same_bits);
  CHECK_FALSE(rows[3].same_bits);

  // The four workers share two CPUs: their time is no evidence about Amdahl's law.
  const std::vector<AmdahlFit> fits = fit_all(rows);
  REQUIRE(fits.size() == 2);
  REQUIRE(fits[0].serial_fraction);
  CHECK(*fits[0].serial_fraction == Approx(0).margin(1e-12));
  CHECK(fits[1].plan.merge == MergeKind::kArrival);
  CHECK_FALSE(fits[1].serial_fraction);  // slower than sequential training
}
