#pragma once

namespace trp {

/// So many rounds take about 50 µs, which is longer than the serial part between two fork-joins of
/// a training step, and shorter than what going to sleep and being woken costs on a busy machine.
inline constexpr int kSpinRounds = 2000;

/// Tells the CPU that its thread is waiting.
inline void relax_cpu() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits for the condition without giving up the CPU. Returns false when it did not come true for a
/// while.
template <class Condition>
bool spin_until(const Condition& condition) {
  for (int round = 0; round < kSpinRounds; ++round) {
    if (condition()) return true;
    relax_cpu();
  }
  return false;
}

}  // namespace trp
