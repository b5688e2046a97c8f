#include "report/bench_others.h"

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "report/sample_run.h"
#include "temporary_folder.h"
#include "trp/error.h"

namespace trp {
namespace {

BenchRow row_of(StrategyKind kind, int workers, double seconds) {
  return {.plan = {.strategy = kind, .workers = workers},
          .seconds = std::vector<double>(20, seconds),
          .samples = 1000,
          .weights = "xxh128:1"};
}

std::vector<BenchRow> rows_of(double seconds) {
  return {row_of(StrategyKind::kSequential, 1, seconds),
          row_of(StrategyKind::kData, 2, seconds / 2)};
}

BenchContext context_of(double round_trip_ns, double peak_gflops) {
  BenchContext context = {.environment = sample_environment(),
                          .data = "/data",
                          .layers = {784, 10},
                          .epochs = 1,
                          .warmup = 1,
                          .runs = 20};
  context.environment.round_trip_ns = round_trip_ns;
  context.environment.peak_gflops = peak_gflops;
  return context;
}

const BenchContext kThere = context_of(100, 200);

/// The rows of a bench here beside one there that was twice as fast, once `change` has changed its
/// export.
std::vector<BenchRow> beside(const BenchContext& here,
                             const std::function<void(nlohmann::json&)>& change = {}) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "there.json").string();
  auto document = nlohmann::json::parse(bench_json(kThere, compare_rows(rows_of(0.5), 2)));
  if (change) change(document);
  std::ofstream(path) << document;
  std::vector<BenchRow> rows = rows_of(1);
  read_beside(path, here, rows);
  for (BenchRow& row : rows)
    if (row.beside) row.beside->name = "there.json";
  return compare_rows(rows, 2);
}

TEST_CASE("a bench of an agreeing machine is judged") {
  const std::vector<BenchRow> rows = beside(context_of(128, 190));
  CHECK(rows[0].beside->why_not_judged.empty());
  CHECK(others_verdict(rows) ==
        std::vector<std::string>{
            "batch size 64, sequential with 1 worker: 2.000 times as long as there.json "
            "(2.000–2.000)",
            "batch size 64, data/factored with 2 workers: 2.000 times as long as there.json "
            "(2.000–2.000)"});
}

TEST_CASE("a bench of another machine, data or recipe is shown, and not judged") {
  const auto reason = [](const BenchContext& here,
                         const std::function<void(nlohmann::json&)>& change = {}) {
    const std::vector<BenchRow> rows = beside(here, change);
    CHECK(others_tables(rows).at(0).rows.size() == 3);
    const std::vector<std::string> verdict = others_verdict(rows);
    REQUIRE(verdict.size() == 1);
    CHECK(verdict[0].starts_with("no verdict on there.json: "));
    return rows[0].beside->why_not_judged;
  };
  CHECK(reason(context_of(135, 200)) ==
        "a cache line's round trip takes 100 ns there, 135 ns here");
  CHECK(reason(context_of(100, 240)) == "a core's peak is 200 GFLOP/s there, 240 GFLOP/s here");
  BenchContext unknown = kThere;
  unknown.environment.round_trip_ns = std::nullopt;
  CHECK(reason(unknown) == "a cache line's round trip takes 100 ns there, unknown here");
  CHECK(reason(kThere, [](auto& there) { there["cpu"] = "Another CPU"; }) ==
        "it was measured on 2 CPUs, Another CPU");
  CHECK(reason(kThere, [](auto& there) { there["recipe"]["lr"] = 0.125; }) == "lr was 0.125 there");
  CHECK(reason(kThere, [](auto& there) { there["data"] = "/other"; }) == "it is of other data");
}

TEST_CASE("other weights are told") {
  const std::vector<BenchRow> rows =
      beside(kThere, [](auto& there) { there["results"][0]["weights"] = "xxh128:2"; });
  CHECK(others_verdict(rows).back().starts_with("there.json has trained other weights"));
  CHECK(others_tables(rows)[0].rows[1].back() == "OTHERS");
  CHECK(others_tables(rows)[0].rows[2].back() == "the same");
}

TEST_CASE("a case that a file has no runs of is left alone") {
  const std::vector<BenchRow> rows = beside(kThere, [](auto& there) { there["results"].erase(0); });
  CHECK_FALSE(rows[0].beside);
  CHECK(rows[1].beside);
  CHECK(others_tables(rows)[0].rows.size() == 2);
}

TEST_CASE("what is no export of a bench of these cases is refused") {
  const auto refused = [](const std::function<void(nlohmann::json&)>& change) {
    CHECK_THROWS_AS(beside(kThere, change), Error);
  };
  refused([](auto& there) { there.erase("results"); });
  refused([](auto& there) { there["results"] = 3; });
  refused([](auto& there) { there["results"][0]["seconds"] = {1, -1}; });
  refused([](auto& there) { there["results"][0]["seconds"] = nlohmann::json::array(); });
  refused([](auto& there) { there["recipe"] = "none"; });
  refused([](auto& there) { there["round_trip_ns"] = "far"; });
  refused([](auto& there) {
    for (auto& row : there["results"]) row["batch_size"] = 32;
  });
}

TEST_CASE("a build that is raced is told of in every format") {
  std::vector<BenchRow> rows = rows_of(1);
  for (BenchRow& row : rows)
    row.baseline = OtherRuns{.name = "./before",
                             .origin = "1.2 (abc), GCC 12",
                             .seconds = std::vector<double>(20, row.seconds[0] / 1.25),
                             .weights = row.weights,
                             .in_turn = true};
  rows = compare_rows(rows, 2);
  const std::string text = bench_text(kThere, rows);
  CHECK(text.find("\n./before: 1.2 (abc), GCC 12\n"
                  "case              batch size  median s   there  times as long     interval  "
                  " weights\n"
                  "sequential, 1             64    1.0000  0.8000          1.250  1.250–1.250  "
                  "the same\n") != std::string::npos);
  CHECK(text.find("fastest") == std::string::npos);
  CHECK(bench_markdown(kThere, rows).find("| sequential, 1 | 64 | 1.0000 | 0.8000 | 1.250 |") !=
        std::string::npos);
  CHECK(bench_csv(rows).find(",0.8,1.25,1.25,1.25,1\n") != std::string::npos);
  const auto json = nlohmann::json::parse(bench_json(kThere, rows));
  CHECK(json["results"][0]["baseline"]["name"] == "./before");
  CHECK(json["results"][0]["slowdown"] == 1.25);
  CHECK(json["results"][0]["baseline"]["seconds"].size() == 20);
  CHECK(bench_page(kThere, rows, "", "bench").find("./before: 1.2 (abc), GCC 12") !=
        std::string::npos);
}

}  // namespace
}  // namespace trp
