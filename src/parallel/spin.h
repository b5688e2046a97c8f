#pragma once

namespace trp {

/// About 50 µs: longer than the serial part between two fork-joins of a training step, shorter than
/// what going to sleep and being woken costs on a busy machine.
inline constexpr int kSpinRounds = 2000;

inline void relax_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// False when the condition did not come true for a while.
template <class Condition>
bool spin_until(const Condition& condition) {
  for (int round = 0; round < kSpinRounds; ++round) {
    if (condition()) return true;
    relax_cpu();
  }
  return false;
}

}  // namespace trp
