#include "profile/phases.h"

#include <time.h>

#include <algorithm>

namespace trp {
namespace {

// Pieces longer than this are asked for their CPU time, which takes 0.1 to 3 µs. Work: less than
// the shortest time for which a system takes a CPU away. Waits: threads that wait longer may have
// gone to sleep.
constexpr double kLongWorkSeconds = 500e-6;
constexpr double kLongWaitSeconds = 100e-6;

// Room for events to begin with.
constexpr int kReservedSteps = 200;
constexpr std::size_t kEventsOfStep = 128;

double thread_cpu_seconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

PhaseRecorder::PhaseRecorder(int worker_count, int cpu_count, int traced_steps)
    : cpu_count_(cpu_count),
      traced_steps_(traced_steps),
      slots_(static_cast<std::size_t>(worker_count)) {
  for (std::size_t p = 0; p < long_.size(); ++p) {
    const bool works = p < kPhaseCount && is_work(static_cast<Phase>(p));
    long_[p] = static_cast<std::int64_t>((works ? kLongWorkSeconds : kLongWaitSeconds) /
                                         clock_.seconds_per_tick());
  }
  const auto steps = static_cast<std::size_t>(std::min(traced_steps_, kReservedSteps));
  for (Slot& own : slots_) own.events.reserve(steps * kEventsOfStep);
}

void PhaseRecorder::begin() {
  begin_ = clock_.now();
  for (Slot& own : slots_) own.last = begin_;
  Slot& own = slot(0);
  own.current = static_cast<std::uint8_t>(Phase::kOther);
  read_cpu_time(own, begin_, 0);
}

void PhaseRecorder::end() {
  end_ = clock_.now();
  charge(slot(0), end_);
}

void PhaseRecorder::read_cpu_time(Slot& own, std::int64_t now, std::int64_t ticks) {
  const double cpu_seconds = thread_cpu_seconds();
  const bool works = own.current < kPhaseCount && is_work(static_cast<Phase>(own.current));
  if (own.cpu_known && works) {
    const double wall = static_cast<double>(now - own.cpu_read_at) * clock_.seconds_per_tick();
    // What was lost in short pieces since the last reading is little; more are short sleeps.
    own.preempted_seconds += std::clamp(wall - (cpu_seconds - own.cpu_seconds), 0.0,
                                        static_cast<double>(ticks) * clock_.seconds_per_tick());
  }
  own.cpu_known = true;
  own.cpu_read_at = clock_.now();
  own.cpu_seconds = cpu_seconds;
}

void PhaseRecorder::keep_event(Slot& own, std::int64_t begin, std::int64_t end, int item) {
  own.events.push_back(
      {static_cast<Phase>(own.current), static_cast<std::int16_t>(item), step_, begin, end});
}

void PhaseRecorder::begin_step() {
  ++step_;
  is_traced_ = step_ < traced_steps_;
}

PhaseRecorder::Outer PhaseRecorder::begin_fork_join() {
  const Outer outer = enter(0, Phase::kBarrier);
  barrier_before_ = slot(0).ticks[index_of(Phase::kBarrier)];
  return outer;
}

void PhaseRecorder::end_fork_join(Outer outer) {
  const std::int64_t ticks = leave(0, outer, -1) - outer.begin;
  fork_join_ += ticks;
  std::int64_t busiest = ticks - (slot(0).ticks[index_of(Phase::kBarrier)] - barrier_before_);
  for (std::size_t w = 1; w < slots_.size(); ++w) {
    Slot& own = slots_[w];
    const std::int64_t tasks = own.last - begin_ - own.ticks[kIdle];
    const std::int64_t busy = tasks - own.ticks[index_of(Phase::kBarrier)];
    const bool concerned = tasks > own.tasks_before || worker_count() <= cpu_count_;
    (concerned ? own.barrier : own.asleep) += ticks - (tasks - own.tasks_before);
    busiest = std::max(busiest, busy - own.busy_before);
    own.tasks_before = tasks;
    own.busy_before = busy;
  }
  busiest_ += busiest;
}

PhaseTimes PhaseRecorder::times() const {
  const auto seconds = [&](std::int64_t ticks) {
    return static_cast<double>(ticks) * clock_.seconds_per_tick();
  };
  PhaseTimes times = {.wall_seconds = seconds(end_ - begin_),
                      .cpus = cpu_count_,
                      .workers = {},
                      .fork_join_seconds = seconds(fork_join_),
                      .busiest_seconds = seconds(busiest_)};
  for (std::size_t w = 0; w < slots_.size(); ++w) {
    const Slot& own = slots_[w];
    std::array<std::int64_t, kPhaseCount> ticks = {};
    std::copy_n(own.ticks.begin(), ticks.size(), ticks.begin());
    if (w > 0) {
      ticks[index_of(Phase::kBarrier)] += own.barrier;
      ticks[index_of(Phase::kAsleep)] += own.asleep;
      std::int64_t rest = end_ - begin_;
      for (std::size_t p = 0; p < ticks.size(); ++p) rest -= ticks[p] += common_[p];
      ticks[index_of(Phase::kOther)] += rest;
    }
    WorkerTimes worker = {.seconds = {}, .preempted_seconds = own.preempted_seconds};
    for (std::size_t p = 0; p < ticks.size(); ++p) worker.seconds[p] = seconds(ticks[p]);
    times.workers.push_back(worker);
  }
  return times;
}

}  // namespace trp
