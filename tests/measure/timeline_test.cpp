#include "measure/timeline.h"

#include "catch.h"

namespace trp {
namespace {

/// Two steps of two workers; one thread plays both. The second worker has one task in a fork-join.
PhaseRecorder record_two_steps(int traced_steps = 2, int cpus = 2) {
  PhaseRecorder recorder(kTrainingPhases, 2, cpus, traced_steps);
  recorder.begin();
  for (int step = 0; step < 2; ++step) {
    const auto scope = PhaseScope::step(&recorder);
    {
      const auto join = PhaseScope::fork_join(&recorder);
      {
        const PhaseScope task(&recorder, 0, Phase::kOther);
        const PhaseScope forward(&recorder, 0, Phase::kForward, 3);
      }
      const PhaseScope task(&recorder, 1, Phase::kSgd);
      const PhaseScope backward(&recorder, 1, Phase::kBackward);
    }
    const auto without_the_second = PhaseScope::fork_join(&recorder);
    const PhaseScope task(&recorder, 0, Phase::kGather);
  }
  recorder.end();
  return recorder;
}

std::vector<std::pair<Phase, int>> phases_and_depths(const std::vector<Slice>& slices) {
  std::vector<std::pair<Phase, int>> list;
  for (const Slice& slice : slices) list.emplace_back(slice.phase, slice.depth);
  return list;
}

TEST_CASE("slices are nested, those of fork-joins around the tasks of every worker") {
  const PhaseRecorder recorder = record_two_steps(1);
  using enum Phase;
  CHECK(phases_and_depths(worker_slices(recorder, 0)) ==
        std::vector<std::pair<Phase, int>>{
            {kOther, 0}, {kBarrier, 1}, {kOther, 2}, {kForward, 3}, {kBarrier, 1}, {kGather, 2}});
  CHECK(
      phases_and_depths(worker_slices(recorder, 1)) ==
      std::vector<std::pair<Phase, int>>{{kBarrier, 0}, {kSgd, 1}, {kBackward, 2}, {kBarrier, 0}});
  CHECK(worker_slices(recorder, 0)[3].item == 3);

  for (const int worker : {0, 1}) {
    std::vector<Slice> around;
    for (const Slice& slice : worker_slices(recorder, worker)) {
      CHECK(slice.step == 0);
      CHECK(slice.begin <= slice.end);
      around.resize(static_cast<std::size_t>(slice.depth));
      if (!around.empty()) {
        CHECK(around.back().begin <= slice.begin);
        CHECK(slice.end <= around.back().end);
      }
      around.push_back(slice);
    }
  }
}

TEST_CASE("a fork-join does not concern a worker that had no CPU and no task") {
  using enum Phase;
  CHECK(phases_and_depths(worker_slices(record_two_steps(1, 1), 1)) ==
        std::vector<std::pair<Phase, int>>{{kBarrier, 0}, {kSgd, 1}, {kBackward, 2}});
}

TEST_CASE("flat slices show what was innermost, without gaps in a step") {
  const PhaseRecorder recorder = record_two_steps(1);
  const std::vector<Slice> slices = worker_slices(recorder, 0);
  const std::vector<Slice> flat = flatten(slices);
  REQUIRE(!flat.empty());
  CHECK(flat.front().begin == slices.front().begin);
  CHECK(flat.back().end == slices.front().end);
  double gathered = 0;
  for (std::size_t i = 0; i < flat.size(); ++i) {
    CHECK(flat[i].begin < flat[i].end);
    if (i > 0) CHECK(flat[i - 1].end == flat[i].begin);
    if (flat[i].phase == Phase::kGather) gathered += flat[i].end - flat[i].begin;
  }
  CHECK(gathered == Approx(slices.back().end - slices.back().begin));
}

TEST_CASE("flat slices of the same kind are joined") {
  const auto slice = [](Phase phase, int depth, double begin, double end) {
    return Slice{.phase = phase, .item = -1, .step = 0, .depth = depth, .begin = begin, .end = end};
  };
  const std::vector<Slice> flat =
      flatten({slice(Phase::kSgd, 0, 0, 10), slice(Phase::kForward, 1, 1, 3),
               slice(Phase::kForward, 1, 3, 4), slice(Phase::kGather, 2, 3.5, 4)});
  REQUIRE(flat.size() == 4);
  CHECK(flat[1].phase == Phase::kForward);
  CHECK(flat[1].begin == 1);
  CHECK(flat[1].end == 3.5);
  CHECK(flat[3].begin == 4);
  CHECK(flat[3].end == 10);
}

TEST_CASE("the typical step is one of those traced") {
  const int step = typical_step(record_two_steps());
  CHECK((step == 0 || step == 1));
  CHECK(typical_step(record_two_steps(0)) == -1);
}

}  // namespace
}  // namespace trp
