#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace trp {

/// A monotonic clock that is cheap enough to read many times in a step of training: the CPU's
/// counter of time where the kernel itself keeps time by it, the standard's clock elsewhere.
class TickClock {
 public:
  /// Takes 2 ms, to compare the counter with the standard's clock.
  TickClock();

  std::int64_t now() const {
#if defined(__x86_64__)
    if (uses_counter_) return static_cast<std::int64_t>(__rdtsc());
#endif
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }

  double seconds_per_tick() const { return seconds_per_tick_; }

 private:
  bool uses_counter_ = false;
  double seconds_per_tick_ = 0;
};

}  // namespace trp
