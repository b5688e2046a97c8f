#pragma once

#include <optional>
#include <string>

namespace trp {

/// What the processor can do at most, of which products and steps reach a share.
struct MachineFigures {
  double fma_gflops;   // of one core
  double copy_gbytes;  // read and written per second by one core, in arrays that fit no cache
  std::optional<double> round_trip_ns;  // of a cache line, to another CPU and back
};

/// Measures all three now: on some machines they change from hour to hour.
MachineFigures measure_machine();

/// "one core: 98 GFLOP/s of multiply-adds, …"
std::string to_text(const MachineFigures& figures);

}  // namespace trp
