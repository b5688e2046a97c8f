#pragma once

#include <cstdint>

#include "profile/clock.h"

namespace trp {

inline void spin_for(double seconds) {
  const TickClock clock;
  const std::int64_t begin = clock.now();
  while (static_cast<double>(clock.now() - begin) * clock.seconds_per_tick() < seconds) {
  }
}

}  // namespace trp
