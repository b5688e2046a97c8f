#include "report/time.h"

#include <string>
#include <vector>

#include <fmt/ranges.h>

#include "catch.h"
#include "spin_for.h"
#include "strategy/phase.h"

namespace trp {
namespace {

PhaseTimes times_of(int workers) {
  PhaseTimes times = {.wall_seconds = 2, .cpus = 2, .workers = {}};
  for (int w = 0; w < workers; ++w) {
    WorkerTimes worker;
    worker.seconds[Phase::kForward] = 1.5;
    worker.seconds[w == 0 ? Phase::kOther : Phase::kBarrier] = 0.5;
    worker.preempted_seconds = 0.25;
    times.workers.push_back(worker);
  }
  return times;
}

TEST_CASE("a table of times has a column for each worker and a row for each phase") {
  CHECK(fmt::format("{}", fmt::join(time_table(times_of(2)), "\n")) ==
        "time               worker 1  worker 2   in all     share\n"
        "forward             1.500 s   1.500 s  3.000 s   75.00 %\n"
        "barriers            0.000 s   0.500 s  0.500 s   12.50 %\n"
        "rest                0.500 s   0.000 s  0.500 s   12.50 %\n"
        "in all              2.000 s   2.000 s  4.000 s  100.00 %\n"
        "  taken by others   0.250 s   0.250 s  0.500 s   12.50 %");
}

TEST_CASE("the last of many workers share a column") {
  const std::vector<std::string> lines = time_table(times_of(12));
  CHECK(lines.front() ==
        "time               worker 1  worker 2  worker 3  worker 4  worker 5  worker 6  "
        "worker 7   8 to 12    in all     share");
  CHECK(lines[1].ends_with("1.500 s   7.500 s  18.000 s   75.00 %"));
}

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
    CHECK(timeline_legend(true).find(fmt::format("{} ", letter)) != std::string::npos);
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
