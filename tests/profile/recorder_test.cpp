#include "profile/recorder.h"

#include <numeric>
#include <thread>

#include "catch.h"
#include "spin_for.h"
#include "strategy/phase.h"

namespace trp {
namespace {

double sum_of(const WorkerTimes& worker) {
  return std::accumulate(worker.seconds.begin(), worker.seconds.end(), 0.0);
}

}  // namespace

TEST_CASE("ticks are as long as the clock says") {
  const TickClock clock;
  const auto begin = std::chrono::steady_clock::now();
  const std::int64_t first = clock.now();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::int64_t last = clock.now();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double ticks = static_cast<double>(last - first) * clock.seconds_per_tick();
  CHECK(ticks <= seconds * 1.001);
  CHECK(ticks >= 0.02 * 0.999);
}

TEST_CASE("an inner phase is not part of the outer one, and all of them make the wall time") {
  PhaseRecorder recorder(kTrainingPhases, 1, 1);
  recorder.begin();
  {
    const PhaseScope outer(&recorder, 0, Phase::kForward);
    spin_for(0.001);
    {
      const PhaseScope inner(&recorder, 0, Phase::kGather);
      spin_for(0.002);
    }
    const PhaseScope again(&recorder, 0, Phase::kForward);
  }
  recorder.end();
  const PhaseTimes times = recorder.times();
  REQUIRE(times.workers.size() == 1);
  const WorkerTimes& worker = times.workers[0];
  CHECK(worker.of(Phase::kForward) >= 0.001);
  CHECK(worker.of(Phase::kGather) >= 0.002);
  CHECK(worker.of(Phase::kForward) + worker.of(Phase::kGather) <= times.wall_seconds);
  CHECK(worker.of(Phase::kOther) > 0);
  CHECK(worker.of(Phase::kBackward) == 0);
  CHECK(sum_of(worker) == Approx(times.wall_seconds));
}

TEST_CASE("without a recorder the scopes do nothing") {
  const auto step = PhaseScope::step(nullptr);
  const auto load = PhaseScope::common(nullptr, Phase::kLoad);
  const auto join = PhaseScope::fork_join(nullptr);
  const PhaseScope phase(nullptr, 5, Phase::kGather);
}

TEST_CASE("who has no task in a fork-join waits at its barrier, or sleeps where there is no CPU") {
  for (const int cpus : {2, 3}) {
    PhaseRecorder recorder(kTrainingPhases, 3, cpus);
    recorder.begin();
    {
      const auto evaluation = PhaseScope::common(&recorder, Phase::kEvaluation);
      spin_for(0.001);
    }
    {
      // One thread plays all workers: recording does not ask who calls.
      const auto join = PhaseScope::fork_join(&recorder);
      {
        const PhaseScope task(&recorder, 0, Phase::kForward);
        spin_for(0.003);
      }
      const PhaseScope task(&recorder, 1, Phase::kBackward);
      spin_for(0.001);
      {
        const PhaseScope wait(&recorder, 1, Phase::kBarrier);
        spin_for(0.004);
      }
    }
    recorder.end();
    const PhaseTimes times = recorder.times();
    for (const WorkerTimes& worker : times.workers) {
      CHECK(sum_of(worker) == Approx(times.wall_seconds));
      CHECK(worker.of(Phase::kEvaluation) >= 0.001);
      CHECK(worker.of(Phase::kEvaluation) <= times.wall_seconds - 0.008);
    }
    CHECK(times.fork_join_seconds >= 0.008);
    CHECK(times.busiest_seconds >= times.workers[0].of(Phase::kForward));
    CHECK(times.busiest_seconds <= times.fork_join_seconds - 0.004);
    CHECK(times.workers[0].of(Phase::kBarrier) >= 0.005);
    CHECK(times.workers[1].of(Phase::kBarrier) >= 0.007);
    const WorkerTimes& idle = times.workers[2];
    CHECK(idle.of(cpus == 3 ? Phase::kBarrier : Phase::kAsleep) == Approx(times.fork_join_seconds));
    CHECK(idle.of(cpus == 3 ? Phase::kAsleep : Phase::kBarrier) == 0);
  }
}

TEST_CASE("a piece of work that slept gave its CPU away, a wait did not") {
  PhaseRecorder recorder(kTrainingPhases, 1, 1);
  recorder.begin();
  {
    const PhaseScope wait(&recorder, 0, Phase::kBarrier);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  recorder.end();
  CHECK(recorder.times().workers[0].preempted_seconds < 0.02);
  {
    const PhaseScope work(&recorder, 0, Phase::kForward);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const WorkerTimes worker = recorder.times().workers[0];
  CHECK(worker.preempted_seconds >= 0.019);
  CHECK(worker.preempted_seconds <= worker.of(Phase::kForward) + 0.02);
}

TEST_CASE("the events of the first steps are kept, with what they are about") {
  PhaseRecorder recorder(kTrainingPhases, 2, 2, 2);
  recorder.begin();
  for (int step = 0; step < 3; ++step) {
    const auto scope = PhaseScope::step(&recorder);
    const auto join = PhaseScope::fork_join(&recorder);
    const PhaseScope outer(&recorder, 1, Phase::kOther);
    const PhaseScope inner(&recorder, 1, Phase::kForward, 7);
  }
  recorder.end();
  REQUIRE(recorder.events(0).size() == 2 * 2);
  REQUIRE(recorder.events(1).size() == 2 * 2);
  const PhaseEvent& inner = recorder.events(1)[2];
  const PhaseEvent& outer = recorder.events(1)[3];
  CHECK(inner.phase == Phase::kForward);
  CHECK(inner.item == 7);
  CHECK(inner.step == 1);
  CHECK(outer.phase == Phase::kOther);
  CHECK(outer.item == -1);
  CHECK(outer.begin <= inner.begin);
  CHECK(inner.begin <= inner.end);
  CHECK(inner.end <= outer.end);
  CHECK(recorder.seconds_at(outer.end) <= recorder.times().wall_seconds);
}

TEST_CASE(
    "of later steps one in so many is recorded, and all that comes after another is left out") {
  constexpr int kSteps = 40, kTraced = 4, kInterval = 8;
  PhaseRecorder recorder(kTrainingPhases, 2, 2, kTraced, kInterval);
  recorder.begin();
  for (int i = 0; i < kSteps; ++i) {
    const bool is_recorded = i < kTraced || i % kInterval == 0;
    {
      const auto step = PhaseScope::step(&recorder);
      const auto join = PhaseScope::fork_join(&recorder);
      const PhaseScope own(&recorder, 0, is_recorded ? Phase::kForward : Phase::kMerge);
      const PhaseScope other(&recorder, 1, is_recorded ? Phase::kBackward : Phase::kMerge);
      spin_for(0.0005);
    }
    const auto scope =
        PhaseScope::common(&recorder, is_recorded ? Phase::kEvaluation : Phase::kSgd);
    spin_for(0.0001);
  }
  recorder.end();
  const PhaseTimes times = recorder.times();
  constexpr int kRecorded = kTraced + kSteps / kInterval - 1;
  CHECK(times.wall_seconds >= kRecorded * 0.0006);
  for (const WorkerTimes& worker : times.workers) {
    CHECK(sum_of(worker) == Approx(times.wall_seconds));
    CHECK(worker.of(Phase::kMerge) == 0);
    CHECK(worker.of(Phase::kSgd) == 0);
    CHECK(worker.of(Phase::kEvaluation) >= kRecorded * 0.0001);
  }
  CHECK(times.workers[0].of(Phase::kForward) + times.workers[0].of(Phase::kBarrier) >=
        kRecorded * 0.0005);
  CHECK(times.workers[1].of(Phase::kBackward) >= kRecorded * 0.0005);
}

TEST_CASE("workers of another process come after one's own, with their times and events") {
  PhaseRecorder recorder(kTrainingPhases, 1, 1, 1);
  recorder.begin();
  recorder.end();
  WorkerTimes times;
  times.seconds[Phase::kForward] = 0.25;
  recorder.add_worker(times, {{Phase::kForward, -1, 3, 1'000'000, 3'000'000}});
  CHECK(recorder.worker_count() == 2);
  CHECK(recorder.own_worker_count() == 1);
  CHECK_FALSE(recorder.is_own(1));
  REQUIRE(recorder.times().workers.size() == 2);
  CHECK(recorder.times().workers[1].of(Phase::kForward) == 0.25);
  REQUIRE(recorder.events(1).size() == 1);
  CHECK(recorder.events(1)[0].step == 3);
  CHECK(recorder.seconds_at(recorder.events(1)[0].begin) == Approx(0.001));
  CHECK(recorder.seconds_at(recorder.events(1)[0].end) == Approx(0.003));
}

TEST_CASE("a recorder keeps no more events than there is room for") {
  constexpr int kSteps = 300'000;
  PhaseRecorder recorder(kTrainingPhases, 2, 2, kSteps);
  recorder.begin();
  for (int i = 0; i < kSteps; ++i) {
    CHECK_FALSE((i < 1000 && recorder.is_full()));
    const auto step = PhaseScope::step(&recorder);
    const PhaseScope scope(&recorder, 0, Phase::kForward);
  }
  recorder.end();
  CHECK(recorder.is_full());
  CHECK(recorder.events(0).size() == 200'000);
  CHECK(recorder.events(0).back().step < 100'001);
  CHECK(recorder.times().wall_seconds > 0);
}

}  // namespace trp
