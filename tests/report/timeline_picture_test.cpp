#include "report/timeline_picture.h"

#include <fmt/format.h>

#include "catch.h"
#include "spin_for.h"
#include "strategy/phase.h"

namespace trp {
namespace {

TEST_CASE("a picture of a step has a line for each worker and a letter for what it did") {
  PhaseRecorder recorder(kTrainingPhases, 2, 2, 1);
  recorder.begin();
  {
    const auto step = PhaseScope::step(&recorder);
    const auto join = PhaseScope::fork_join(&recorder);
    {
      const PhaseScope task(&recorder, 0, Phase::kForward);
      spin_for(0.004);
    }
    const PhaseScope task(&recorder, 1, Phase::kBackward);
    spin_for(0.004);
  }
  recorder.end();
  // Many columns: wherever the system stops this thread for a while, each phase has some.
  const std::vector<std::string> lines = timeline_picture(recorder, 100);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("worker 1   "));
  CHECK(lines[0].find('F') < lines[0].rfind('.'));
  CHECK(lines[0].ends_with(" µs"));
  CHECK(lines[1].starts_with("worker 2   "));
  CHECK(lines[1].find('.') < lines[1].find('B'));
  CHECK(lines[1].find('B') != std::string::npos);
  for (const char letter : std::string("F.B")) {
    CHECK(timeline_legend().find(fmt::format("{} ", letter)) != std::string::npos);
  }
}

TEST_CASE("without a traced step there is no picture") {
  PhaseRecorder recorder(kTrainingPhases, 1, 1);
  recorder.begin();
  recorder.end();
  CHECK(timeline_picture(recorder, 10).empty());
}

}  // namespace
}  // namespace trp
