#include "measure/round_trip.h"

#include <optional>

#include "catch.h"
#include "system/cpu.h"

namespace trp {

TEST_CASE("a cache line's round trip is measured where there are two CPUs") {
  const std::optional<double> nanoseconds = cache_line_round_trip_ns();
  if (available_cpus() < 2) CHECK_FALSE(nanoseconds);
  if (!nanoseconds) return;  // or others are using the CPUs
  CHECK(*nanoseconds > 1);   // light makes 30 cm in that time
  CHECK(*nanoseconds < 1e4);
}

}  // namespace trp
