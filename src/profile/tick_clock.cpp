#include "profile/tick_clock.h"

#include <algorithm>
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

/// Both clocks at once: of several tries the one in which the least time lay between them.
Reading read_both(const TickClock& clock) {
  Reading best;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::int64_t before = clock.now();
    const Clock::time_point time = Clock::now();
    const std::int64_t taken = clock.now() - before;
    if (taken < least) best = {before + taken / 2, time};
    least = std::min(least, taken);
  }
  return best;
}

}  // namespace

TickClock::TickClock() {
  using Period = Clock::period;
  seconds_per_tick_ = static_cast<double>(Period::num) / static_cast<double>(Period::den);
  uses_counter_ = kernel_trusts_counter();
  if (!uses_counter_) return;
  const Reading begin = read_both(*this);
  while (Clock::now() - begin.time < std::chrono::milliseconds(2)) {
  }
  const Reading end = read_both(*this);
  seconds_per_tick_ = std::chrono::duration<double>(end.time - begin.time).count() /
                      static_cast<double>(end.ticks - begin.ticks);
}

}  // namespace trp
