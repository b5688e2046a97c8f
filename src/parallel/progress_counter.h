#pragma once

#include <atomic>

namespace trp {

/// A count that threads raise, one at a time, and others wait for.
class ProgressCounter {
 public:
  /// `spins`: waiting spins for a while before it blocks, which is faster when each thread has a
  /// CPU of its own, and slower when not.
  explicit ProgressCounter(bool spins) : spins_(spins) {}

  /// Back to zero and not cancelled; nobody may be waiting.
  void reset() { count_.store(0, std::memory_order_relaxed); }

  /// What the threads that raised it had written before is seen by whoever has waited for this
  /// count.
  void advance();

  /// Returns true when the count is at least `count`, or false once it has been cancelled.
  bool wait_for(int count) const;

  /// Lets all waiters go on; by any thread.
  void cancel();

 private:
  static constexpr int kCancelled = -1;

  bool spins_;
  std::atomic<int> count_{0};
};

}  // namespace trp
