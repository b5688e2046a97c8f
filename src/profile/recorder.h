#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "profile/clock.h"
#include "profile/times.h"

namespace trp {

/// What a recorder must know of its user's phases.
struct PhaseRoles {
  std::uint32_t work = 0;  // bit p is set if a worker in phase p wants a CPU all the time
  int rest = 0;            // the phase of time that no scope claims
  int barrier = 0;         // the phase of a worker without a task in a fork-join
  int asleep = 0;          // the same, where there was no CPU for the worker
};

class PhaseScope;

/// A recorder keeps where the time of a piece of parallel work goes. PhaseScope tells it of phases.
/// Each worker writes to a slot of its own, so recording takes no locks.
///
/// Worker 0 is the thread that forks the others, which are at work only between a fork and its
/// join. It alone calls begin() and end() and opens the scopes that have no worker among their
/// arguments. Preempted time is the wall time of a piece of work less its thread's CPU time
/// (CLOCK_THREAD_CPUTIME_ID). Reading that takes microseconds, so it is read at the end of long
/// pieces only: a system that takes a CPU away makes a piece of work long.
class PhaseRecorder {
 public:
  /// Makes a recorder of workers of which `cpu_count` can be awake at once. The events of the first
  /// `traced_steps` steps are kept as well, as long as there is room for them. Of later steps one
  /// in `step_interval` is recorded; from another one on, up to the next that is, all is left out.
  PhaseRecorder(const PhaseRoles& roles, int worker_count, int cpu_count, int traced_steps = 0,
                int step_interval = 1);

  /// Recording lasts from begin() to end().
  void begin();
  void end();

  /// The time from pause() to resume(), called between steps, is left out of all that is recorded.
  void pause();
  void resume();

  /// Returns the times from begin() to end(), which has been called. Workers that have never been
  /// forked have time too.
  PhaseTimes times() const;

  /// Adds, after end(), a worker of a recorder in another process: from now on it comes after all
  /// others. Its events are in nanoseconds from that recorder's begin().
  void add_worker(const WorkerTimes& times, std::vector<PhaseEvent> events);
  void add_cpus(int cpus) { cpu_count_ += cpus; }  // of such workers

  /// Returns the events of a worker after end(), in the order of their ends.
  const std::vector<PhaseEvent>& events(int worker) const {
    return is_own(worker) ? slot(worker).events
                          : added_[static_cast<std::size_t>(worker) - slots_.size()].events;
  }

  /// Returns whether there was no more room for events: kMaxEvents, or as many as memory holds.
  bool is_full() const { return std::ranges::any_of(slots_, &Slot::is_full); }

  /// Returns the seconds from begin() to a tick.
  double seconds_at(std::int64_t tick) const { return seconds_of(tick - begin_); }

  int worker_count() const { return static_cast<int>(slots_.size() + added_.size()); }

  /// Returns how many were not added, and whether a worker is one of these.
  int own_worker_count() const { return static_cast<int>(slots_.size()); }
  bool is_own(int worker) const { return worker < own_worker_count(); }

 private:
  friend class PhaseScope;
  static constexpr int kIdle = kMaxPhases;            // a worker has no task
  static constexpr std::size_t kMaxEvents = 400'000;  // of all workers together

  struct alignas(64) Slot {  // 64: a cache line, not shared with another worker
    std::int64_t last = 0;   // when `current` was last charged
    int current = kIdle;
    std::array<std::int64_t, kMaxPhases + 1> ticks = {};

    bool cpu_known = false;
    std::int64_t cpu_read_at = 0;                   // ticks
    double cpu_seconds = 0, preempted_seconds = 0;  // of the thread then; in all

    // Written by worker 0 between fork-joins.
    std::int64_t tasks_before = 0;  // ticks in tasks, up to the last join
    std::int64_t busy_before = 0;   // likewise, but for waiting at barriers in them
    std::int64_t barrier = 0;       // without a task in fork-joins that concerned this worker
    std::int64_t asleep = 0;        // in the others

    std::vector<PhaseEvent> events;
    bool is_full = false;
  };

  void enter(PhaseScope& scope);
  void leave(const PhaseScope& scope);
  void begin_step();
  void keep_event(Slot& own, const PhaseEvent& event) const;
  void end_fork_join(std::int64_t ticks);
  std::int64_t tick() const { return clock_.now() - paused_; }
  void charge(Slot& own, std::int64_t now);
  void read_cpu_time(Slot& own, std::int64_t now, std::int64_t ticks);
  bool is_work(int phase) const { return roles_.work >> phase & 1U; }
  double seconds_of(std::int64_t ticks) const;
  Slot& slot(int worker) { return slots_[static_cast<std::size_t>(worker)]; }
  const Slot& slot(int worker) const { return slots_[static_cast<std::size_t>(worker)]; }

  // Constant after construction.
  const TickClock clock_;
  const PhaseRoles roles_;
  int cpu_count_;
  const int traced_steps_, step_interval_;
  std::array<std::int64_t, kMaxPhases + 1> long_ = {};  // how many ticks are long, of each phase

  /// A worker of another process.
  struct AddedWorker {
    WorkerTimes times;
    std::vector<PhaseEvent> events;
  };

  std::vector<Slot> slots_;  // each belongs to its worker
  std::vector<AddedWorker> added_;

  // Written by worker 0 between fork-joins.
  bool is_traced_ = false, is_left_out_ = false;
  std::int32_t step_ = -1;
  std::int64_t begin_ = 0, end_ = 0;
  std::int64_t paused_ = 0;  // ticks of all pauses
  std::int64_t paused_since_ = 0;
  std::int64_t barrier_before_ = 0;  // of worker 0, before the fork
  std::int64_t fork_join_ = 0, busiest_ = 0;
  std::array<std::int64_t, kMaxPhases> common_ = {};  // of all workers but the first
};

}  // namespace trp
