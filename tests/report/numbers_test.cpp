#include "report/numbers.h"

#include <limits>

#include "catch.h"

namespace trp {
namespace {

TEST_CASE("numbers for people") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1 000");
  CHECK(grouped(60'000) == "60 000");
  CHECK(grouped(1'234'567) == "1 234 567");
  CHECK(grouped(-123'456) == "-123 456");

  CHECK(with_unit(0) == "0");
  CHECK(with_unit(999.4) == "999");
  CHECK(with_unit(999.6) == "1.00 k");
  CHECK(with_unit(9'996) == "10.0 k");
  CHECK(with_unit(412'345) == "412 k");
  CHECK(with_unit(999'600) == "1.00 M");
  CHECK(with_unit(8'310'000) == "8.31 M");
  CHECK(with_unit(2.5e9) == "2.5 G");

  CHECK(count_of(1, "worker") == "1 worker");
  CHECK(count_of(2, "worker") == "2 workers");
  CHECK(count_of(2, "epoch") == "2 epochs");
  CHECK(count_of(1, "micro-batch") == "1 micro-batch");
  CHECK(count_of(0, "micro-batch") == "0 micro-batches");

  CHECK(percent(0.8842) == "88.42 %");
  CHECK(short_percent(0.8842) == "88.42%");
  CHECK(short_percent(std::numeric_limits<double>::quiet_NaN()) == "-");
  CHECK(percent(1) == "100.00 %");

  CHECK(loss_text(0.08414) == "0.0841");
  CHECK(loss_text(1.2e30) == "1.2e+30");
  CHECK(loss_text(std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(loss_text(-std::numeric_limits<double>::quiet_NaN()) == "nan");

  CHECK(clock_text(0) == "0:00");
  CHECK(clock_text(6.2) == "0:07");
  CHECK(clock_text(725) == "12:05");
  CHECK(clock_text(3723) == "1:02:03");
  CHECK(clock_text(std::numeric_limits<double>::infinity()) == "9999:00:00");
}

}  // namespace
}  // namespace trp
