#include "report/budget_table.h"

#include "catch.h"

namespace trp {
namespace {

BenchRow row_of(StrategyKind kind, int workers, const std::vector<double>& seconds) {
  Budget budget = {.total_seconds = 10, .seconds = {}, .sequential_seconds = seconds[0]};
  std::copy(seconds.begin(), seconds.end(), budget.seconds.begin());
  BenchRow row;
  row.plan = {.strategy = kind, .workers = workers};
  row.budget = budget;
  return row;
}

const BenchRow kSequential = row_of(StrategyKind::kSequential, 1, {10, 0, 0, 0, 0, 0, 0, 0, 0, 0});
const BenchRow kData = row_of(StrategyKind::kData, 2, {5, 1, 0, 0, 0.5, 2, 0, 0, 0.5, 1});

TEST_CASE("budgets are shares of the time that the workers have") {
  const std::vector<Cells> table = budget_table({kSequential, BenchRow{}, kData});
  REQUIRE(table.size() == 3);  // one row has no budget
  CHECK(table[0] == Cells{"P·T", "workers", "useful", "slower", "merge", "locks", "imbalance",
                          "barriers", "data", "serial", "others"});
  CHECK(table[2] == Cells{"data/factored", "2", "50.0 %", "10.0 %", "0.0 %", "0.0 %", "5.0 %",
                          "20.0 %", "0.0 %", "5.0 %", "10.0 %"});
}

TEST_CASE("what ranks wait for one another is told where there are ranks") {
  BenchRow ranks = row_of(StrategyKind::kData, 1, {4, 0, 0, 0, 0, 0, 6, 0, 0, 0});
  ranks.plan.ranks = 2;
  ranks.plan.ranks_split = RanksSplit::kRows;
  const std::vector<Cells> table = budget_table({kSequential, ranks});
  CHECK(table[0][8] == "ranks");
  CHECK(table[2][8] == "60.0 %");
  CHECK(largest_loss_text(ranks).starts_with(
      "ranks/rows on 2 ranks of 1 worker loses most time to waiting for other ranks, 60.00 %"));
}

TEST_CASE("the factors of efficiency are those of parallel rows") {
  const std::vector<Cells> table = pop_table({kSequential, kData});
  REQUIRE(table.size() == 2);
  // 6 s of work of 6.5, 6.5 of 7, 7 of 9, 5 for 6, 9 of 10.
  CHECK(table[1] == Cells{"data/factored", "2", "92.3 %", "92.9 %", "77.8 %", "83.3 %", "90.0 %"});
}

TEST_CASE("JSON has the shares in the words of the table, and the factors") {
  CHECK(budget_object(*kData.budget) == Json({{"useful", 0.5},
                                              {"slower", 0.1},
                                              {"merge", 0.0},
                                              {"locks", 0.0},
                                              {"imbalance", 0.05},
                                              {"barriers", 0.2},
                                              {"ranks", 0.0},
                                              {"data", 0.0},
                                              {"serial", 0.05},
                                              {"others", 0.1}}));
  const Json pop = pop_object(*kData.budget);
  CHECK(pop["balance"] == Approx(6 / 6.5));
  CHECK(pop["availability"] == Approx(0.9));
  CHECK(pop.size() == 5);
}

TEST_CASE("the largest loss is named, with what to change in this strategy") {
  CHECK(largest_loss_text(kData) ==
        "data/factored with 2 workers loses most time to forks and joins, 20.00 %: a larger "
        "--batch-size has fewer of them for the same work");
  CHECK(largest_loss_text(row_of(StrategyKind::kPipeline, 2, {5, 1, 0, 0, 1, 3, 0, 0, 0, 0}))
            .ends_with("more --micro-batches make the bubble smaller"));
  CHECK(largest_loss_text(kSequential).empty());
  CHECK(largest_loss_text(BenchRow{}).empty());
}

}  // namespace
}  // namespace trp
