#include "report/run.h"

#include "catch.h"
#include "report/sample_run.h"

namespace trp {
namespace {

TEST_CASE("each event reaches all reporters that want it, in their order") {
  std::string calls;
  const RunEvents events = fan_out({{.start = [&](const RunStart&) { calls += "s1 "; },
                                     .step = [&](const StepReport&) { calls += "t1 "; }},
                                    {.start = [&](const RunStart&) { calls += "s2 "; },
                                     .epoch = [&](const EpochResult&) { calls += "e2 "; },
                                     .summary = [&](const RunSummary&) { calls += "u2 "; }}});
  events.start(sample_start());
  events.step(sample_step(1));
  events.epoch(sample_epoch());
  events.summary({sample_result(), 1});
  CHECK(calls == "s1 s2 t1 e2 u2 ");
}

}  // namespace
}  // namespace trp
