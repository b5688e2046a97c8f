#include "measure/round_trip.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <system_error>
#include <thread>

#include "parallel/spin.h"
#include "profile/clock.h"
#include "system/cpu.h"

namespace trp {
namespace {

constexpr int kMaxMeasurements = 200;
constexpr int kTrips = 100;  // of a measurement
constexpr double kMaxSeconds = 0.05;
constexpr double kMaxNanoseconds = 10'000;  // longer than between any two CPUs
constexpr int kStop = -1;

/// Waits until `line` is no longer `old`, and returns what it is. Where the other thread has no CPU
/// for a while, this one leaves it its own.
int wait_for_change(const std::atomic<int>& line, int old) {
  int value = old;
  const auto has_changed = [&] { return (value = line.load(std::memory_order_acquire)) != old; };
  while (!spin_until(has_changed)) std::this_thread::yield();
  return value;
}

}  // namespace

std::optional<double> cache_line_round_trip_ns() {
  if (available_cpus() < 2) return std::nullopt;
  std::atomic<int> line = 0;  // odd: it is the other thread's turn
  std::thread other;
  try {
    other = std::thread([&] {
      for (int value = 0; (value = wait_for_change(line, value)) != kStop;) line.store(++value);
    });
  } catch (const std::system_error&) {  // no thread to be had
    return std::nullopt;
  }
  double shortest = std::numeric_limits<double>::infinity();
  const Stopwatch whole;
  int value = 0;
  for (int i = 0; i < kMaxMeasurements && (i == 0 || whole.seconds() < kMaxSeconds); ++i) {
    const Stopwatch stopwatch;
    for (int trip = 0; trip < kTrips; ++trip) {
      line.store(++value);
      value = wait_for_change(line, value);
    }
    shortest = std::min(shortest, stopwatch.seconds());
  }
  line.store(kStop);
  other.join();
  const double nanoseconds = shortest / kTrips * 1e9;
  return nanoseconds < kMaxNanoseconds ? std::optional(nanoseconds) : std::nullopt;
}

}  // namespace trp
