#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "profile/tick_clock.h"

namespace trp {

/// What a worker may be doing.
enum class Phase : std::uint8_t {
  kLoad,       // waiting for a batch from the loaders
  kGather,     // copying samples into the batch
  kForward,    // to the losses
  kBackward,   // all gradients
  kMerge,      // adding gradients of shards to one another
  kMergeWait,  // for a lock or a turn to do so
  kBarrier,    // waiting in a fork-join without a task, or for another stage of a pipeline
  kSgd,        // but for weights updated by the product that makes their gradient
  kEvaluation,
  kOther,   // the rest; of all workers but the first: waiting while that one works alone
  kAsleep,  // in a fork-join in which there was no CPU for it
};
inline constexpr int kPhaseCount = 11;

constexpr std::size_t index_of(Phase phase) { return static_cast<std::size_t>(phase); }

/// Whether a worker gets on with the training meanwhile.
constexpr bool is_work(Phase phase) {
  return phase == Phase::kGather || phase == Phase::kForward || phase == Phase::kBackward ||
         phase == Phase::kMerge || phase == Phase::kSgd || phase == Phase::kOther;
}

/// Where a worker's time went. An inner phase is not part of the outer one's time.
struct WorkerTimes {
  std::array<double, kPhaseCount> seconds = {};  // sum: the wall time of the training
  double preempted_seconds =
      0;  // in which the system gave its CPU to others while it had work to do

  double of(Phase phase) const { return seconds[index_of(phase)]; }
};

struct PhaseTimes {
  double wall_seconds = 0;
  int cpus = 1;
  std::vector<WorkerTimes> workers;
  double fork_join_seconds = 0;  // of all fork-joins
  /// Of each fork-join, how long its busiest worker had a task and did not wait at a barrier in it.
  double busiest_seconds = 0;
};

/// A phase of a worker from its beginning to its end.
struct PhaseEvent {
  Phase phase;
  std::int16_t item;   // the micro-batch in a pipeline; −1: none
  std::int32_t step;   // of the training, from 0; −1: between steps
  std::int64_t begin;  // ticks
  std::int64_t end;
};

/// Records where the time of a training goes. Each worker writes to its own slot only, so
/// recording takes no locks; whoever does not want to know passes a null pointer to the scopes
/// below, which then cost a branch.
///
/// Worker 0 is the thread that trains: it calls begin(), end() and all that has no worker among its
/// arguments, and forks the others, who are at work only between a fork and its join. The time
/// given to others is the wall time of a piece of work less its thread's CPU time
/// (CLOCK_THREAD_CPUTIME_ID). Reading that takes microseconds, so it is read at the end of long
/// pieces only: a system that takes a CPU away makes a piece of work long.
class PhaseRecorder {
 public:
  /// Keeps the events of the first `traced_steps` steps as well.
  PhaseRecorder(int worker_count, int cpu_count, int traced_steps = 0);

  void begin();
  void end();

  /// After end(). Workers that have never been forked have time too.
  PhaseTimes times() const;

  /// After end(): the events of a worker, in the order of their ends, begin() being at 0 seconds.
  const std::vector<PhaseEvent>& events(int worker) const { return slot(worker).events; }
  double seconds_at(std::int64_t tick) const {
    return static_cast<double>(tick - begin_) * clock_.seconds_per_tick();
  }
  int worker_count() const { return static_cast<int>(slots_.size()); }

  // For the scopes below.

  struct Outer {  // what the worker comes back to
    std::uint8_t phase;
    std::int64_t begin;
  };
  Outer enter(int worker, Phase phase) {
    Slot& own = slot(worker);
    const std::int64_t now = clock_.now();
    charge(own, now);
    const Outer outer = {own.current, now};
    own.current = static_cast<std::uint8_t>(phase);
    return outer;
  }
  /// Returns when.
  std::int64_t leave(int worker, Outer outer, int item) {
    Slot& own = slot(worker);
    const std::int64_t now = clock_.now();
    charge(own, now);
    if (is_traced_) keep_event(own, outer.begin, now, item);
    own.current = outer.phase;
    return now;
  }
  void add_common(Phase phase, std::int64_t ticks) { common_[index_of(phase)] += ticks; }
  void begin_step();
  void end_step() { is_traced_ = false; }
  Outer begin_fork_join();
  void end_fork_join(Outer outer);

 private:
  static constexpr std::uint8_t kIdle = kPhaseCount;  // of a worker that has no task

  struct alignas(64) Slot {  // 64: a cache line, not shared with another worker
    std::int64_t last = 0;   // when `current` was last charged
    std::uint8_t current = kIdle;
    std::array<std::int64_t, kPhaseCount + 1> ticks = {};

    bool cpu_known = false;
    std::int64_t cpu_read_at = 0;  // ticks
    double cpu_seconds = 0;        // of the thread, then
    double preempted_seconds = 0;

    // Written by worker 0 between fork-joins.
    std::int64_t tasks_before = 0;  // ticks in tasks, up to the last join
    std::int64_t busy_before = 0;   // likewise, but for waiting at barriers in them
    std::int64_t barrier = 0;       // without a task in fork-joins that concerned this worker
    std::int64_t asleep = 0;        // in the others

    std::vector<PhaseEvent> events;
  };

  void charge(Slot& own, std::int64_t now) {
    const std::int64_t ticks = now - own.last;
    own.ticks[own.current] += ticks;
    own.last = now;
    if (ticks > long_[own.current]) read_cpu_time(own, now, ticks);
  }
  void read_cpu_time(Slot& own, std::int64_t now, std::int64_t ticks);
  void keep_event(Slot& own, std::int64_t begin, std::int64_t end, int item);
  Slot& slot(int worker) { return slots_[static_cast<std::size_t>(worker)]; }
  const Slot& slot(int worker) const { return slots_[static_cast<std::size_t>(worker)]; }

  // Constant after construction.
  const TickClock clock_;
  const int cpu_count_;
  const int traced_steps_;
  std::array<std::int64_t, kPhaseCount + 1> long_ = {};  // ticks, of each phase

  std::vector<Slot> slots_;  // each belongs to its worker

  // Written by worker 0 between fork-joins.
  bool is_traced_ = false;
  std::int32_t step_ = -1;
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;
  std::int64_t barrier_before_ = 0;  // of worker 0, before the fork
  std::int64_t fork_join_ = 0;
  std::int64_t busiest_ = 0;
  std::array<std::int64_t, kPhaseCount> common_ = {};  // of all workers but the first
};

/// A phase of a worker, for as long as the scope lasts.
class PhaseScope {
 public:
  PhaseScope(PhaseRecorder* recorder, int worker, Phase phase, int item = -1)
      : recorder_(recorder), worker_(worker), item_(item) {
    if (recorder_) outer_ = recorder_->enter(worker, phase);
  }
  ~PhaseScope() {
    if (recorder_) recorder_->leave(worker_, outer_, item_);
  }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  PhaseRecorder* recorder_;
  int worker_;
  int item_;
  PhaseRecorder::Outer outer_ = {};
};

/// A phase of the whole training, in which worker 0 does something and the others wait for it.
class CommonPhaseScope {
 public:
  CommonPhaseScope(PhaseRecorder* recorder, Phase phase) : recorder_(recorder), phase_(phase) {
    if (recorder_) outer_ = recorder_->enter(0, phase);
  }
  ~CommonPhaseScope() {
    if (recorder_) recorder_->add_common(phase_, recorder_->leave(0, outer_, -1) - outer_.begin);
  }
  CommonPhaseScope(const CommonPhaseScope&) = delete;
  CommonPhaseScope& operator=(const CommonPhaseScope&) = delete;

 private:
  PhaseRecorder* recorder_;
  Phase phase_;
  PhaseRecorder::Outer outer_ = {};
};

/// A fork-join: whoever has no task in it waits at its barrier.
class ForkJoinScope {
 public:
  explicit ForkJoinScope(PhaseRecorder* recorder) : recorder_(recorder) {
    if (recorder_) outer_ = recorder_->begin_fork_join();
  }
  ~ForkJoinScope() {
    if (recorder_) recorder_->end_fork_join(outer_);
  }
  ForkJoinScope(const ForkJoinScope&) = delete;
  ForkJoinScope& operator=(const ForkJoinScope&) = delete;

 private:
  PhaseRecorder* recorder_;
  PhaseRecorder::Outer outer_ = {};
};

/// A step of the training.
class StepScope {
 public:
  explicit StepScope(PhaseRecorder* recorder) : recorder_(recorder) {
    if (!recorder_) return;
    recorder_->begin_step();
    outer_ = recorder_->enter(0, Phase::kOther);
  }
  ~StepScope() {
    if (!recorder_) return;
    recorder_->leave(0, outer_, -1);
    recorder_->end_step();
  }
  StepScope(const StepScope&) = delete;
  StepScope& operator=(const StepScope&) = delete;

 private:
  PhaseRecorder* recorder_;
  PhaseRecorder::Outer outer_ = {};
};

}  // namespace trp
