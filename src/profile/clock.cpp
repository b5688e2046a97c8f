#include "profile/clock.h"

#include <fstream>
#include <limits>
#include <string>

namespace trp {
namespace {

using Clock = std::chrono::steady_clock;

/// The kernel uses the counter only while it finds it constant and the same on all CPUs.
bool kernel_trusts_counter() {
#if defined(__x86_64__)
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string name;
  return std::getline(file, name) && name == "tsc";
#else
  return false;
#endif
}

struct Reading {
  std::int64_t ticks = 0;
  Clock::time_point time;
};

/// Reads both clocks at once: of several tries the shortest counts.
Reading read_both(const TickClock& clock) {
  Reading best;
  std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::int64_t before = clock.now();
    const Clock::time_point time = Clock::now();
    const std::int64_t taken = clock.now() - before;
    if (taken >= shortest) continue;
    shortest = taken;
    best = {before + taken / 2, time};
  }
  return best;
}

}  // namespace

TickClock::TickClock() : uses_counter_(kernel_trusts_counter()) {
  seconds_per_tick_ = std::chrono::duration<double>(Clock::duration(1)).count();
  if (!uses_counter_) return;
  const Reading begin = read_both(*this);
  while (Clock::now() - begin.time < std::chrono::milliseconds(2)) {
  }
  const Reading end = read_both(*this);
  seconds_per_tick_ = std::chrono::duration<double>(end.time - begin.time).count() /
                      static_cast<double>(end.ticks - begin.ticks);
}

}  // namespace trp
