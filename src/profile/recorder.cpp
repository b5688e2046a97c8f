#include "profile/recorder.h"

#include <time.h>

#include <algorithm>
#include <new>
#include <utility>

#include "profile/scope.h"

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

PhaseRecorder::PhaseRecorder(const PhaseRoles& roles, int worker_count, int cpu_count,
                             int traced_steps, int step_interval)
    : roles_(roles),
      cpu_count_(cpu_count),
      traced_steps_(traced_steps),
      step_interval_(step_interval),
      slots_(static_cast<std::size_t>(worker_count)) {
  for (int phase = 0; phase <= kIdle; ++phase)
    long_[static_cast<std::size_t>(phase)] = static_cast<std::int64_t>(
        (is_work(phase) ? kLongWorkSeconds : kLongWaitSeconds) / clock_.seconds_per_tick());
  const auto steps = static_cast<std::size_t>(std::min(traced_steps_, kReservedSteps));
  try {
    for (Slot& own : slots_)
      own.events.reserve(std::min(steps * kEventsOfStep, kMaxEvents / slots_.size()));
  } catch (const std::bad_alloc&) {  // then there is room for fewer
  }
}

void PhaseRecorder::begin() {
  begin_ = tick();
  for (Slot& own : slots_) own.last = begin_;
  slot(0).current = roles_.rest;
  read_cpu_time(slot(0), begin_, 0);
}

void PhaseRecorder::end() {
  if (std::exchange(is_left_out_, false)) resume();
  end_ = tick();
  charge(slot(0), end_);
}

void PhaseRecorder::pause() {
  if (is_left_out_) return;
  charge(slot(0), tick());
  paused_since_ = clock_.now();
}

void PhaseRecorder::resume() {
  if (is_left_out_) return;
  paused_ += clock_.now() - paused_since_;
  for (Slot& own : slots_) own.cpu_known = false;
}

void PhaseRecorder::begin_step() {
  is_traced_ = ++step_ < traced_steps_ && !is_full();
  const bool is_recorded = step_ < traced_steps_ || step_ % step_interval_ == 0;
  if (is_recorded != is_left_out_) return;
  if (is_recorded) {
    is_left_out_ = false;
    resume();
  } else {
    pause();
    is_left_out_ = true;
  }
}

void PhaseRecorder::enter(PhaseScope& scope) {
  if (scope.extent_ == PhaseScope::Extent::kStep) begin_step();
  if (is_left_out_) return;
  Slot& own = slot(scope.worker_);
  scope.begin_ = tick();
  charge(own, scope.begin_);
  scope.outer_phase_ = std::exchange(own.current, scope.phase_);
  if (scope.extent_ == PhaseScope::Extent::kForkJoin)
    barrier_before_ = own.ticks[static_cast<std::size_t>(scope.phase_)];
}

void PhaseRecorder::leave(const PhaseScope& scope) {
  if (is_left_out_) return;
  Slot& own = slot(scope.worker_);
  const std::int64_t now = tick();
  charge(own, now);
  if (is_traced_)
    keep_event(own, {static_cast<std::int16_t>(scope.phase_),
                     static_cast<std::int16_t>(scope.item_), step_, scope.begin_, now});
  own.current = scope.outer_phase_;
  switch (scope.extent_) {
    case PhaseScope::Extent::kWorker:
      break;
    case PhaseScope::Extent::kCommon:
      common_[static_cast<std::size_t>(scope.phase_)] += now - scope.begin_;
      break;
    case PhaseScope::Extent::kForkJoin:
      end_fork_join(now - scope.begin_);
      break;
    case PhaseScope::Extent::kStep:
      is_traced_ = false;
      break;
  }
}

/// A trace without its end is better than no training.
void PhaseRecorder::keep_event(Slot& own, const PhaseEvent& event) const {
  if (own.is_full) return;
  try {
    own.events.push_back(event);
    own.is_full = own.events.size() >= kMaxEvents / slots_.size();
  } catch (const std::bad_alloc&) {
    own.is_full = true;
  }
}

void PhaseRecorder::end_fork_join(std::int64_t ticks) {
  const auto barrier = static_cast<std::size_t>(roles_.barrier);
  fork_join_ += ticks;
  std::int64_t busiest = ticks - (slot(0).ticks[barrier] - barrier_before_);
  for (std::size_t w = 1; w < slots_.size(); ++w) {
    Slot& own = slots_[w];
    const std::int64_t tasks = own.last - begin_ - own.ticks[kIdle];
    const std::int64_t busy = tasks - own.ticks[barrier];
    const bool concerned =
        tasks > own.tasks_before || slots_.size() <= static_cast<std::size_t>(cpu_count_);
    (concerned ? own.barrier : own.asleep) += ticks - (tasks - own.tasks_before);
    busiest = std::max(busiest, busy - own.busy_before);
    own.tasks_before = tasks;
    own.busy_before = busy;
  }
  busiest_ += busiest;
}

void PhaseRecorder::charge(Slot& own, std::int64_t now) {
  const auto phase = static_cast<std::size_t>(own.current);
  const std::int64_t ticks = now - own.last;
  own.ticks[phase] += ticks;
  own.last = now;
  if (ticks > long_[phase]) read_cpu_time(own, now, ticks);
}

void PhaseRecorder::read_cpu_time(Slot& own, std::int64_t now, std::int64_t ticks) {
  const double cpu_seconds = thread_cpu_seconds();
  if (own.cpu_known && is_work(own.current)) {
    const double wall = seconds_of(now - own.cpu_read_at);
    // What was lost in short pieces since the last reading is little; more are short sleeps.
    own.preempted_seconds +=
        std::clamp(wall - (cpu_seconds - own.cpu_seconds), 0.0, seconds_of(ticks));
  }
  own.cpu_known = true;
  own.cpu_read_at = tick();
  own.cpu_seconds = cpu_seconds;
}

double PhaseRecorder::seconds_of(std::int64_t ticks) const {
  return static_cast<double>(ticks) * clock_.seconds_per_tick();
}

void PhaseRecorder::add_worker(const WorkerTimes& times, std::vector<PhaseEvent> events) {
  const auto tick_at = [this](std::int64_t nanoseconds) {
    return begin_ + static_cast<std::int64_t>(static_cast<double>(nanoseconds) * 1e-9 /
                                              clock_.seconds_per_tick());
  };
  for (PhaseEvent& event : events) {
    event.begin = tick_at(event.begin);
    event.end = tick_at(event.end);
  }
  added_.push_back({times, std::move(events)});
}

PhaseTimes PhaseRecorder::times() const {
  PhaseTimes times = {.wall_seconds = seconds_of(end_ - begin_),
                      .cpus = cpu_count_,
                      .workers = {},
                      .fork_join_seconds = seconds_of(fork_join_),
                      .busiest_seconds = seconds_of(busiest_)};
  for (std::size_t w = 0; w < slots_.size(); ++w) {
    const Slot& own = slots_[w];
    auto ticks = own.ticks;
    if (w > 0) {
      ticks[static_cast<std::size_t>(roles_.barrier)] += own.barrier;
      ticks[static_cast<std::size_t>(roles_.asleep)] += own.asleep;
      std::int64_t rest = end_ - begin_;
      for (std::size_t p = 0; p < kMaxPhases; ++p) rest -= ticks[p] += common_[p];
      ticks[static_cast<std::size_t>(roles_.rest)] += rest;
    }
    WorkerTimes worker = {
        .seconds = {}, .is_first = w == 0, .preempted_seconds = own.preempted_seconds};
    for (std::size_t p = 0; p < kMaxPhases; ++p) worker.seconds[p] = seconds_of(ticks[p]);
    times.workers.push_back(worker);
  }
  for (const AddedWorker& added : added_) times.workers.push_back(added.times);
  return times;
}

}  // namespace trp
