// Compiled once for each instruction set, like the kernels.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "measure/fma_peak.cpp"

#include "measure/fma_peak.h"

#include <algorithm>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "profile/clock.h"
#include "trp/tensor.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// More than today's cores need (a latency of 4 cycles × 2 per cycle), and few enough to stay in
/// 16 registers beside the two factors.
constexpr int kAccumulators = 12;

double multiply_add(long rounds) {
  const hn::CappedTag<float, kLineFloats> d;
  // Each read of a volatile may give another value, so the compiler can neither merge the
  // accumulators nor compute them beforehand. x ← x / 2 + 1 stays near 2.
  volatile float start = 1;
  volatile float half = 0.5F;
  hn::Vec<decltype(d)> sums[kAccumulators];
  for (auto& sum : sums) sum = hn::Set(d, start);
  const auto factor = hn::Set(d, half);
  const auto term = hn::Set(d, start);
  for (long round = 0; round < rounds; ++round)
    for (auto& sum : sums) sum = hn::MulAdd(sum, factor, term);
  for (const auto& sum : sums) start = hn::GetLane(sum);
  return 2.0 * kAccumulators * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(multiply_add);

double run_fma_peak(long rounds) { return HWY_DYNAMIC_DISPATCH(multiply_add)(rounds); }

double measure_peak_gflops() {
  constexpr int kTries = 20;
  constexpr long kRounds = 200'000;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const Stopwatch stopwatch;
    const double operations = run_fma_peak(kRounds);
    best = std::max(best, 1e-9 * operations / stopwatch.seconds());
  }
  return best;
}

}  // namespace trp
#endif
