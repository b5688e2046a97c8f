#pragma once

namespace trp {

/// Runs `rounds` rounds of independent multiply-adds in registers on the kernels' instruction set,
/// as many at once as hide each one's latency. Returns how many floating-point operations that was:
/// over the time it took, the most that any product could reach on this core.
double run_fma_peak(long rounds);

/// Measures that for a core, in 10⁹ operations a second: the best of some tries, which take about
/// 20 ms together.
double measure_peak_gflops();

}  // namespace trp
