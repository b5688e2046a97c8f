#include "report/bench_report.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "report/sample_run.h"

namespace trp {
namespace {

BenchRow row_of(StrategyKind kind, int workers, Index batch_size, double seconds) {
  return {.plan = {.strategy = kind, .workers = workers},
          .batch_size = batch_size,
          .seconds = {seconds, seconds, seconds},
          .samples = 1000,
          .weights = "xxh128:1"};
}

const std::vector<BenchRow> kRows = {
    row_of(StrategyKind::kSequential, 1, 8, 1), row_of(StrategyKind::kData, 2, 8, 1.25),
    row_of(StrategyKind::kSequential, 1, 64, 1), row_of(StrategyKind::kData, 2, 64, 0.625),
    row_of(StrategyKind::kData, 4, 64, 0.8)};

const BenchContext kContext = {.environment = sample_environment(),
                               .data = "/data",
                               .layers = {784, 10},
                               .epochs = 1,
                               .warmup = 1,
                               .runs = 3};

TEST_CASE("a bench is told in aligned tables and a verdict drawn from them") {
  CHECK(
      bench_text(kContext, compare_rows(kRows, 2)) ==
      "784-10, /data, Some CPU, 2 CPUs, AVX2, 3 runs of 1 epoch after 1 warm-up run\n"
      "\n"
      "batch size 8\n"
      "plan           workers  median s       mean ± σ s  samples/s           speedup  efficiency  "
      "serial fraction\n"
      "sequential           1    1.0000  1.0000 ± 0.0000     1.00 k                 1\n"
      "data/factored        2    1.2500  1.2500 ± 0.0000        800  0.80 (0.80–0.80)     40.00 %  "
      "   "
      "           -\n"
      "\n"
      "batch size 64\n"
      "plan           workers  median s       mean ± σ s  samples/s           speedup  efficiency  "
      "serial fraction\n"
      "sequential           1    1.0000  1.0000 ± 0.0000     1.00 k                 1\n"
      "data/factored        2    0.6250  0.6250 ± 0.0000     1.60 k  1.60 (1.60–1.60)     80.00 %  "
      "   "
      "     25.00 %\n"
      "data/factored       4*    0.8000  0.8000 ± 0.0000     1.25 k  1.25 (1.25–1.25)     31.25 %  "
      "   "
      "     73.33 %\n"
      "* more workers than CPUs\n"
      "- slower than sequential: Amdahl's law does not apply\n"
      "\n"
      "batch size 8: nothing is faster than sequential training here\n"
      "batch size 64: data/factored with 2 workers is fastest, 1.60 times as fast as "
      "sequential training\n"
      "of these batch sizes, parallel training pays from 64 on\n"
      "batch size 8, data/factored: slower than sequential training, so Amdahl's law does not "
      "apply\n"
      "batch size 64, data/factored: by Amdahl's law a serial fraction of 25.00 % allows a "
      "speedup of at most 4.0\n");
}

TEST_CASE("Markdown, CSV and JSON hold the same rows") {
  const std::vector<BenchRow> rows = compare_rows(kRows, 2);
  const std::string markdown = bench_markdown(kContext, rows);
  CHECK(
      markdown.find("| data/factored | 4* | 0.8000 | 0.8000 ± 0.0000 | 1.25 k | 1.25 (1.25–1.25) | "
                    "31.25 % | 73.33 % |\n") != std::string::npos);
  const std::string csv = bench_csv(rows);
  CHECK(csv.starts_with(
      "batch_size,plan,workers,median_seconds,mean_seconds,sigma_seconds,samples_per_second,"
      "speedup,speedup_sigma,efficiency,serial_fraction,same_bits,oversubscribed,outliers,"
      "baseline_median_seconds,slowdown,slowdown_lower,slowdown_upper,ranks\n"));
  CHECK(csv.find("64,data/factored,2,0.625,0.625,0,1600,1.6,0,0.8,0.25,true,false,0,,,,,1\n") !=
        std::string::npos);
  const auto json = nlohmann::json::parse(bench_json(kContext, rows));
  CHECK(json["event"] == "bench");
  CHECK(json["schema"] == 2);
  CHECK(json["cpu"] == "Some CPU");
  REQUIRE(json["results"].size() == 5);
  CHECK(json["results"][4]["workers"] == 4);
  CHECK(json["results"][4]["seconds"] == std::vector<double>{0.8, 0.8, 0.8});
  CHECK(json["results"][4]["oversubscribed"] == true);
  CHECK(json["results"][4]["plan"] == "data/factored");
  CHECK(json["results"][4]["serial_fraction"] == Approx(0.7333).margin(1e-4));
  CHECK(json["results"][0]["efficiency"].is_null());
  CHECK(json["results"][0]["serial_fraction"].is_null());
  CHECK(json["results"][0]["budget"].is_null());
  CHECK(json["amdahl"][1]["serial_fraction"] == Approx(0.25));
  CHECK(json["verdict"].size() == 5);
}

TEST_CASE("a verdict says so when parallel training never pays, or wins everywhere") {
  const auto verdict_of = [](double small, double large) {
    return bench_verdict(
        compare_rows(std::vector<BenchRow>{row_of(StrategyKind::kSequential, 1, 8, 1),
                                           row_of(StrategyKind::kTensor, 2, 8, small),
                                           row_of(StrategyKind::kSequential, 1, 64, 1),
                                           row_of(StrategyKind::kTensor, 2, 64, large)},
                     2));
  };
  CHECK(verdict_of(2, 2)[2] == "parallel training pays at none of these batch sizes");
  CHECK(verdict_of(0.5, 0.5)[2] == "of these batch sizes, parallel training pays from 8 on");
  CHECK(verdict_of(0.5, 0.4)[4] ==
        "batch size 64, tensor: by Amdahl's law a serial fraction of 0.00 % allows as much "
        "speedup as there are workers");
}

/// Of a sequential row and one of 2 workers, each of which have lost so much in each round.
std::vector<std::string> verdict_with_loss(double sequential_lost, double parallel_seconds,
                                           double parallel_lost) {
  std::vector<BenchRow> rows = {row_of(StrategyKind::kSequential, 1, 64, 1),
                                row_of(StrategyKind::kTensor, 2, 64, parallel_seconds)};
  rows[0].lost = std::vector<double>(3, sequential_lost);
  rows[1].lost = std::vector<double>(3, parallel_lost);
  return bench_verdict(compare_rows(rows, 2));
}

TEST_CASE("what others' use of the CPUs could have made is not told") {
  CHECK(verdict_with_loss(0.5, 0.625, 0.25) ==
        std::vector<std::string>{
            "other programs may have cost up to 45 % of the time, too much to tell anything"});
  CHECK(verdict_with_loss(0.4, 0.5, 0) ==
        std::vector<std::string>{
            "batch size 64: tensor with 2 workers is fastest, 2.00 times as fast as sequential "
            "training",
            "other programs may have cost up to 20 % of the time, too much to tell what Amdahl's "
            "law allows tensor at batch size 64"});
  // Parallel training is slower whatever others did.
  CHECK(verdict_with_loss(0.25, 3, 0.75) ==
        std::vector<std::string>{
            "batch size 64: nothing is faster than sequential training here",
            "batch size 64, tensor: slower than sequential training, so Amdahl's law does not "
            "apply"});
  // Less than 2 % cannot matter much.
  CHECK(verdict_with_loss(0.015, 0.99, 0.015).size() == 2);
}

TEST_CASE("one run of each has no spread, and its verdict says so") {
  std::vector<BenchRow> rows = {row_of(StrategyKind::kSequential, 1, 64, 1),
                                row_of(StrategyKind::kTensor, 4, 64, 0.5)};
  for (BenchRow& row : rows) row.seconds.resize(1);
  rows = compare_rows(rows, 4);
  std::string row = bench_text(kContext, rows);
  row = row.substr(row.find("\ntensor ") + 1);
  row = row.substr(0, row.find('\n'));
  CHECK(row.find("0.5000") != std::string::npos);
  CHECK(row.find("2.00 ") != std::string::npos);
  CHECK(row.find("±") == std::string::npos);
  CHECK(row.find('(') == std::string::npos);
  CHECK(bench_verdict(rows).front() ==
        "batch size 64: tensor with 4 workers is fastest, 2.00 times as fast as sequential "
        "training");
  CHECK(bench_verdict(rows).back() ==
        "all of this is from one run of each, which does not tell how sure it is");
  const auto json = nlohmann::json::parse(bench_json(kContext, rows));
  CHECK(json["results"][1]["sigma_seconds"].is_null());
  CHECK(json["results"][1]["speedup_sigma"].is_null());
}

TEST_CASE("ranks are named by what they share out, and count with all their workers") {
  BenchRow row = row_of(StrategyKind::kData, 2, 8, 0.5);
  row.plan.ranks = 3;
  row.plan.ranks_split = RanksSplit::kOutputs;
  const std::vector<BenchRow> rows =
      compare_rows(std::vector{row_of(StrategyKind::kSequential, 1, 8, 1), row}, 2);
  const std::string text = bench_text(kContext, rows);
  for (const char* words :
       {"ranks/outputs    3 × 2", "ranks/outputs on 3 ranks of 2 workers is fastest"})
    CHECK(text.find(words) != std::string::npos);
  const Json told = Json::parse(bench_json(kContext, rows)).at("results")[1];
  CHECK(told.at("ranks") == 3);
  CHECK(told.at("workers") == 2);
  CHECK(told.at("efficiency").get<double>() == Approx(2.0 / 6));
}

}  // namespace
}  // namespace trp
