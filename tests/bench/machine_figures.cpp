#include "bench/machine_figures.h"

#include <cstring>
#include <functional>
#include <vector>

#include <fmt/format.h>

#include "measure/fma_peak.h"
#include "measure/round_trip.h"
#include "measure/statistics.h"
#include "profile/clock.h"

namespace trp {
namespace {

constexpr int kRounds = 9;

/// The median of some rounds, the first of which does not count.
double median_seconds(const std::function<void()>& run) {
  run();
  std::vector<double> seconds;
  for (int round = 0; round < kRounds; ++round) {
    const Stopwatch stopwatch;
    run();
    seconds.push_back(stopwatch.seconds());
  }
  return median(seconds);
}

double fma_gflops() {
  constexpr long kFmaRounds = 100'000;
  double flops = 0;
  const double seconds = median_seconds([&] { flops = run_fma_peak(kFmaRounds); });
  return flops / seconds / 1e9;
}

double copy_gbytes() {
  constexpr std::size_t kBytes = 128 << 20;
  const std::vector<char> from(kBytes, 1);
  std::vector<char> to(kBytes);
  const double seconds = median_seconds([&] { std::memcpy(to.data(), from.data(), kBytes); });
  return 2.0 * kBytes / seconds / 1e9;
}

}  // namespace

MachineFigures measure_machine() {
  return {fma_gflops(), copy_gbytes(), cache_line_round_trip_ns()};
}

std::string to_text(const MachineFigures& figures) {
  std::string text =
      fmt::format("One core: {:.0f} GFLOP/s of multiply-adds, {:.0f} GB/s copied in memory",
                  figures.fma_gflops, figures.copy_gbytes);
  if (figures.round_trip_ns)
    text += fmt::format("; a cache line goes to the other CPU and back in {:.0f} ns",
                        *figures.round_trip_ns);
  return text;
}

}  // namespace trp
