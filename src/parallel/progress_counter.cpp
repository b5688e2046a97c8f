#include "parallel/progress_counter.h"

#include "parallel/spin.h"

namespace trp {

void ProgressCounter::advance() {
  int count = count_.load(std::memory_order_relaxed);
  while (count != kCancelled &&
         !count_.compare_exchange_weak(count, count + 1, std::memory_order_release)) {
  }
  count_.notify_all();
}

bool ProgressCounter::wait_for(int count) const {
  int seen = 0;
  const auto done = [&] {
    seen = count_.load(std::memory_order_acquire);
    return seen >= count || seen == kCancelled;
  };
  if (!done() && !(spins_ && spin_until(done)))
    while (!done()) count_.wait(seen, std::memory_order_acquire);
  return seen != kCancelled;
}

void ProgressCounter::cancel() {
  count_.store(kCancelled, std::memory_order_release);
  count_.notify_all();
}

}  // namespace trp
