#include "report/trace.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "strategy/phase.h"

namespace trp {
namespace {

using Json = nlohmann::json;

std::vector<Json> events_of(const Json& document, const std::string& kind) {
  std::vector<Json> events;
  for (const Json& event : document["traceEvents"])
    if (event["ph"] == kind) events.push_back(event);
  return events;
}

std::string trace_json(const PhaseRecorder& recorder, const std::string& title) {
  std::string text;
  write_trace(recorder, title, [&](std::string_view piece) { text += piece; });
  return text;
}

TEST_CASE("a trace has a named row for every worker, flows of micro-batches, and a counter") {
  PhaseRecorder recorder(kTrainingPhases, 3, 3, 2);
  recorder.begin();
  for (int step = 0; step < 2; ++step) {
    const auto scope = PhaseScope::step(&recorder);
    {
      const auto load = PhaseScope::common(&recorder, Phase::kLoad);
      const PhaseScope wait(&recorder, 0, Phase::kLoad, 4);
    }
    const auto join = PhaseScope::fork_join(&recorder);
    for (const int worker : {0, 1}) {
      const PhaseScope stage(&recorder, worker, Phase::kOther);
      const PhaseScope forward(&recorder, worker, Phase::kForward, 1);
    }
    const PhaseScope wait(&recorder, 1, Phase::kBarrier);
  }
  recorder.end();
  const Json document = Json::parse(trace_json(recorder, "a title"));

  const std::vector<Json> names = events_of(document, "M");
  REQUIRE(names.size() == 4);
  CHECK(names[0]["args"]["name"] == "a title");
  CHECK(names[3]["args"]["name"] == "worker 3");

  std::vector<std::string> labels;
  for (const Json& event : events_of(document, "X")) {
    CHECK(event["ts"] >= 0);
    CHECK(event["dur"] >= 0);
    if (event["tid"] != 3) labels.push_back(event["name"]);
  }
  for (const char* label :
       {"step 1", "step 2", "data", "fork-join", "forward 2", "task", "barriers"})
    CHECK(std::find(labels.begin(), labels.end(), label) != labels.end());

  const std::vector<Json> starts = events_of(document, "s");
  const std::vector<Json> ends = events_of(document, "f");
  REQUIRE(starts.size() == 2);
  REQUIRE(ends.size() == 2);
  CHECK(events_of(document, "t").empty());
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(starts[i]["name"] == "micro-batch 2");
    CHECK(starts[i]["id"] == ends[i]["id"]);
    CHECK(starts[i]["tid"] == 1);
    CHECK(ends[i]["tid"] == 2);
    CHECK(starts[i]["ts"] <= ends[i]["ts"]);
  }
  CHECK(starts[0]["id"] != starts[1]["id"]);

  const std::vector<Json> counters = events_of(document, "C");
  REQUIRE(counters.size() == 2);
  CHECK(counters[0]["args"]["batches"] == 4);
}

}  // namespace
}  // namespace trp
