#pragma once

#include <atomic>
#include <cassert>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "trp/plan.h"

namespace trp {

/// Bytes that two threads must not share if one of them writes often. Fixed, because the standard's
/// constant may differ between compilers of one program.
inline constexpr std::size_t kCacheLineBytes = 64;

/// In which order the indices of a piece of work are claimed.
enum class ClaimOrder {
  kAscending,  // a task may wait for those before it
  // The first half of the workers claims the first index that is left, the second half the last: a
  // worker mostly gets what it, or one beside it, got before, and finds it in its caches. No task
  // may wait for another.
  kFromBothEnds,
};

/// A thread pool shares out one piece of work at a time among its threads, in a blocking fork-join.
/// It owns its threads. One thread at a time may call run(), and not from inside run().
///
/// A join waits for the work, not for the workers: tasks are claimed one by one, so a worker that
/// the system has put to sleep holds nobody up. For the same reason no more workers are woken
/// than there are CPUs: with 8 workers on 2 CPUs two of them do everything.
class ThreadPool {
 public:
  /// Makes a pool of `worker_count` ≥ 1 workers, the caller of run() being one of them, of which
  /// `cpu_count` ≥ 1 may run at once. When the system refuses a thread, the pool goes on with those
  /// it has. With Pinning::kCores each worker, the constructing thread being the first, is tied to
  /// a CPU as long as the pool lives, where the system allows it, and workers whose numbers are
  /// close share a cache.
  ThreadPool(int worker_count, int cpu_count, Pinning pinning = Pinning::kNone);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Returns how many workers exist, the caller included.
  int worker_count() const { return static_cast<int>(threads_.size()) + 1; }

  /// Returns how many workers may run at once, as the constructor was told.
  int cpu_count() const { return cpu_count_; }

  /// Calls task(index, worker) once for each index in 0 … count − 1 and returns when all calls have
  /// ended. `worker`, 0 … worker_count() − 1, names the thread, 0 being the caller.
  /// The first exception of a task is rethrown; tasks not begun by then are not begun at all.
  template <class Task>
  void run(int count, Task&& task, ClaimOrder order = ClaimOrder::kAscending) {
    run_with_limit(count, cpu_count_ - 1, order, task);
  }

  /// Calls task(index, worker) as run() does, but makes all calls at once, whatever the number of
  /// CPUs: tasks may wait for one another in any order. `count` is at most worker_count(). A task
  /// that throws must first end the waits for it, since tasks not begun by then never begin.
  template <class Task>
  void run_together(int count, Task&& task) {
    assert(count <= worker_count());
    run_with_limit(count, count - 1, ClaimOrder::kAscending, task);
  }

 private:
  using Call = void (*)(void* function, int index, int worker);

  template <class Task>
  void run_with_limit(int count, int helper_limit, ClaimOrder order, Task& task) {
    run_tasks(count, helper_limit, order,
              const_cast<void*>(static_cast<const void*>(std::addressof(task))),
              [](void* function, int index, int worker) {
                (*static_cast<Task*>(function))(index, worker);
              });
  }

  void run_tasks(int count, int helper_limit, ClaimOrder order, void* function, Call call);
  void wake_helpers(int count);
  void wait_until_finished();
  void helper_loop(int worker);
  bool wait_for_work();
  void claim_and_work(int worker);
  int cancel_unclaimed();
  bool spins() const;
  bool has_work() const;

  // Constant after construction. The caller of run() is not among the threads.
  int cpu_count_;
  Pinning pinning_;
  std::vector<std::thread> threads_;

  // Written by run() while no task can be claimed; read by whoever has claimed one.
  void* function_ = nullptr;
  Call call_ = nullptr;

  // The next index to claim in the low half, the end in the high half, and in the highest bit
  // whether they are claimed from both ends. Claiming is a compare-and-swap of all, so a worker
  // that comes late finds nothing rather than the past.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> claims_{0};
  alignas(kCacheLineBytes) std::atomic<int> unfinished_{0};
  alignas(kCacheLineBytes) std::atomic<int> awake_count_{0};  // helpers; changed under mutex_
  std::atomic<int> helper_limit_;  // that may be awake for the work at hand
  std::atomic<bool> caller_sleeps_{false};

  std::mutex mutex_;
  std::condition_variable helper_woken_;
  std::condition_variable work_finished_;
  // Guarded by mutex_.
  int wake_tickets_ = 0;  // sleepers told to wake that have not done so yet
  std::exception_ptr exception_;
  bool stopping_ = false;
};

}  // namespace trp
