// --time, --trace, --strategy auto and bench --timeline, from outside.
#include <fstream>
#include <map>
#include <numeric>
#include <set>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "catch.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {
namespace {

using Json = nlohmann::json;

std::vector<std::string> train_with(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--limit", "640", "--epochs", "1", "-q"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

/// Every worker's events are inside one another or apart.
void check_nesting(const Json& trace, int workers) {
  std::map<int, std::string> names;
  std::map<int, std::vector<std::pair<double, double>>> spans;
  for (const Json& event : trace["traceEvents"]) {
    if (event["name"] == "thread_name") names[event["tid"]] = event["args"]["name"];
    if (event["ph"] != "X") continue;
    const double begin = event["ts"];
    const double duration = event["dur"];
    CHECK(begin >= 0);
    CHECK(duration >= 0);
    spans[event["tid"]].emplace_back(begin, begin + duration);
  }
  REQUIRE(names.size() == static_cast<std::size_t>(workers));
  for (int worker = 1; worker <= workers; ++worker) {
    CHECK(names[worker] == fmt::format("worker {}", worker));
    std::vector<std::pair<double, double>> around;
    for (const auto& [begin, end] : spans[worker]) {
      constexpr double kRounding = 1e-4;  // µs
      while (!around.empty() && around.back().second <= begin + kRounding &&
             around.back().second < end)
        around.pop_back();
      if (!around.empty()) REQUIRE(end <= around.back().second + kRounding);
      around.emplace_back(begin, end);
    }
  }
}

TEST_CASE("option --time tells for every worker where the time went") {
  const ProgramResult text = run_program(train_with({"--time", "-j", "2"}));
  REQUIRE(text.exit_code == 0);
  for (const char* part : {"time  ", "worker 1", "worker 2", "in all", "share", "forward",
                           "backward", "barriers", "taken by others"})
    CHECK(has(text.out, part));

  for (const std::string strategy : {"sequential", "data", "tensor", "pipeline"}) {
    const ProgramResult result =
        run_program(train_with({"--time", "-j", "2", "--strategy", strategy, "--format", "jsonl"}));
    REQUIRE(result.exit_code == 0);
    const std::vector<std::string> lines = lines_of(result.out);
    const Json time = Json::parse(lines.back());
    CHECK(Json::parse(lines[lines.size() - 2])["event"] == "summary");
    CHECK(time["event"] == "time");
    REQUIRE(time["workers"].size() == (strategy == "sequential" ? 1U : 2U));
    for (const Json& worker : time["workers"]) {
      double sum = 0;
      for (const Json& seconds : worker["seconds"]) sum += seconds.get<double>();
      CHECK(sum == Approx(time["wall_seconds"].get<double>()));
    }
  }
  const ProgramResult document = run_program(train_with({"--time", "--format", "json"}));
  CHECK(Json::parse(document.out)["time"]["wall_seconds"] > 0);
  CHECK_FALSE(has(run_program(train_with({"--format", "jsonl"})).out, "\"event\":\"time\""));
}

TEST_CASE("option --trace keeps a timeline of every worker by every strategy, and changes no bit") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "trace.json").string();
  const auto digest_of = [](const ProgramResult& result) {
    return Json::parse(lines_of(result.out).back())["weights"].get<std::string>();
  };
  const std::string expected = digest_of(run_program(train_with({"--format", "jsonl"})));
  for (const std::string strategy : {"sequential", "data", "tensor", "pipeline"})
    for (const std::string workers : {"1", "3"}) {
      INFO(strategy << ", " << workers << " workers");
      const ProgramResult result =
          run_program(train_with({"--trace", path, "--trace-steps", "4", "-j", workers,
                                  "--strategy", strategy, "--format", "jsonl"}));
      REQUIRE(result.exit_code == 0);
      CHECK(digest_of(result) == expected);
      const Json trace = read_json(path);
      check_nesting(trace, strategy == "sequential" ? 1 : std::stoi(workers));
      std::set<std::string> steps;
      std::set<std::string> kinds;
      for (const Json& event : trace["traceEvents"]) {
        kinds.insert(event["ph"]);
        if (event["name"].get<std::string>().starts_with("step ")) steps.insert(event["name"]);
      }
      CHECK(steps == std::set<std::string>{"step 1", "step 2", "step 3", "step 4"});
      CHECK(kinds.count("s") == (strategy == "pipeline" ? 1U : 0U));
    }
}

TEST_CASE("a trace counts the batches that loaders have ready") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "trace.json").string();
  REQUIRE(run_program(train_with({"--trace", path, "--loaders", "2"})).exit_code == 0);
  int counters = 0;
  const Json trace = read_json(path);
  for (const Json& event : trace["traceEvents"]) {
    if (event["ph"] != "C") continue;
    ++counters;
    CHECK(event["args"]["batches"] >= 0);
    CHECK(event["args"]["batches"] <= 4);
  }
  CHECK(counters == 10);
}

TEST_CASE("a trace that cannot be written is refused before anything is trained") {
  const ProgramResult nowhere = run_program(train_with({"--trace", "/nowhere/trace.json"}));
  CHECK(nowhere.exit_code == 1);
  CHECK(nowhere.out.empty());
  CHECK(run_program(train_with({"--trace", "-"})).exit_code == 2);
  CHECK(run_program(train_with({"--trace-steps", "0"})).exit_code == 2);
}

TEST_CASE(
    "option --strategy auto, the default, says what it has taken and trains the same weights") {
  const auto events_of = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--limit", "640", "--epochs", "1", "--format", "jsonl"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  };
  const ProgramResult chosen = events_of({"--strategy", "auto"});
  REQUIRE(chosen.exit_code == 0);
  const Json expected = Json::parse(lines_of(events_of({"--sequential"}).out).back());
  const Json summary = Json::parse(lines_of(chosen.out).back());
  CHECK(summary["weights"] == expected["weights"]);
  CHECK(expected["plans"].is_null());
  int steps = 0;
  for (const Json& plan : summary["plans"]) steps += plan["steps"].get<int>();
  CHECK(steps == 10);
  CHECK(Json::parse(lines_of(events_of({}).out).front())["plan"]["strategy"] == "auto");
  CHECK(Json::parse(lines_of(events_of({"--merge", "ordered"}).out).front())["plan"]["strategy"] ==
        "data");

  const ProgramResult refused = events_of({"--strategy", "auto", "--merge", "arrival"});
  CHECK(refused.exit_code == 2);
  CHECK(events_of({"--strategy", "auto", "--sequential"}).exit_code == 2);
  const ProgramResult config = run_program({"--strategy", "auto", "--time", "--print-config"});
  CHECK(has(config.out, "strategy = \"auto\""));
  CHECK(has(config.out, "time = true"));
  CHECK(has(config.out, "trace-steps = 200"));
}

TEST_CASE("bench tells where the time went, and draws a step") {
  const std::vector<std::string> bench = {"bench", "--limit", "640", "-j",         "2",
                                          "-r",    "1",       "-q",  "--strategy", "data,pipeline"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = bench;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  };
  const ProgramResult text = with({"--timeline"});
  REQUIRE(text.exit_code == 0);
  for (const char* part : {"useful", "imbalance", "× transfer", "\nworker 1   ", "\nworker 2   ",
                           "F forward", "pipeline/1f1b with 2 workers, batch size 64: a step"})
    CHECK(has(text.out, part));

  const ProgramResult json = with({"--export-json", "-"});
  REQUIRE(json.exit_code == 0);
  const Json document = Json::parse(json.out);
  for (const Json& row : document["results"]) {
    double sum = 0;
    for (const Json& share : row["budget"]) sum += share.get<double>();
    CHECK(sum == Approx(1).margin(0.01));
    CHECK(row["pop"]["transfer"] > 0);
  }
  CHECK(with({"--timeline", "--export-csv", "-"}).exit_code == 2);
}

}  // namespace
}  // namespace trp
