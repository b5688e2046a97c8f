#pragma once

#include <atomic>

namespace trp {

/// A progress counter is raised by threads, one at a time, and waited for by others.
class ProgressCounter {
 public:
  /// With `spins` waiting spins for a while before it blocks, which is faster when each thread has
  /// a CPU of its own, and slower when not.
  explicit ProgressCounter(bool spins) : spins_(spins) {}

  /// Sets the count back to zero, not cancelled. Nobody may be waiting.
  void reset() { count_.store(0, std::memory_order_relaxed); }

  /// Raises the count by one. Whoever has waited for the new count sees what the threads that
  /// raised it had written before.
  void advance();

  /// Waits until the count is at least `count` and returns true, or false once it is cancelled.
  bool wait_for(int count) const;

  /// Lets all waiters go on. Any thread may call it.
  void cancel();

 private:
  static constexpr int kCancelled = -1;

  bool spins_;
  std::atomic<int> count_{0};
};

}  // namespace trp
