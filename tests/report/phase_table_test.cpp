#include "report/phase_table.h"

#include <fmt/ranges.h>

#include "catch.h"
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
  CHECK(fmt::format("{}", fmt::join(phase_table(times_of(2)), "\n")) ==
        "time                        worker 1  worker 2   in all     share\n"
        "forward                      1.500 s   1.500 s  3.000 s   75.00 %\n"
        "waiting at barriers          0.000 s   0.500 s  0.500 s   12.50 %\n"
        "other                        0.500 s   0.000 s  0.500 s   12.50 %\n"
        "in all                       2.000 s   2.000 s  4.000 s  100.00 %\n"
        "  of which given to others   0.250 s   0.250 s  0.500 s   12.50 %");
}

TEST_CASE("the last of many workers share a column") {
  const std::vector<std::string> lines = phase_table(times_of(12));
  CHECK(lines.front() ==
        "time                        worker 1  worker 2  worker 3  worker 4  worker 5  worker 6  "
        "worker 7   8 to 12    in all     share");
  CHECK(lines[1].ends_with("1.500 s   7.500 s  18.000 s   75.00 %"));
}

}  // namespace
}  // namespace trp
