#include "measure/round_trip.h"

#include <optional>

#include "catch.h"
#include "system/cpu.h"

namespace trp {

TEST_CASE("a cache line's round trip is measured where there are two CPUs") {
  const std::optional<double> nanoseconds = cache_line_round_trip_ns();
  CHECK(nanoseconds.has_value() == (available_cpus() > 1));
  if (nanoseconds) CHECK(*nanoseconds > 1);  // light makes 30 cm in that time
}

}  // namespace trp
