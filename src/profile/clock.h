#pragma once

#include <chrono>
#include <cstdint>

namespace trp {

/// A monotonic clock that is cheap enough to be read many times in a step of training. It is the
/// CPU's counter of time where the kernel itself keeps time by it, and the standard's clock
/// elsewhere. (Highway's timer orders instructions around each reading, which costs more than the
/// reading, and does not ask whether the counter can be trusted.)
class TickClock {
 public:
  /// Takes 2 ms, in which the counter is compared with the standard's clock.
  TickClock();

  std::int64_t now() const {
#if defined(__x86_64__)
    if (uses_counter_) return static_cast<std::int64_t>(__builtin_ia32_rdtsc());
#endif
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }

  double seconds_per_tick() const { return seconds_per_tick_; }

 private:
  bool uses_counter_ = false;
  double seconds_per_tick_ = 0;
};

/// Measures the wall-clock time since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace trp
