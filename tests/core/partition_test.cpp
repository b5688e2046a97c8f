#include "core/partition.h"

#include "catch.h"

using namespace trp;

TEST_CASE("parts cover everything once, in order, at multiples, and differ by one unit at most") {
  for (Index n = 0; n <= 70; ++n)
    for (Index parts = 1; parts <= 17; ++parts)
      for (const Index multiple : {1, 4, 16}) {
        Index next = 0;
        Index smallest = n;
        Index largest = 0;
        for (Index part = 0; part < parts; ++part) {
          const Range range = split_evenly(n, parts, part, multiple);
          REQUIRE(range.begin == next);
          REQUIRE(range.end >= range.begin);
          REQUIRE((range.begin % multiple == 0 || range.begin == n));
          next = range.end;
          smallest = std::min(smallest, range.size());
          largest = std::max(largest, range.size());
        }
        REQUIRE(next == n);
        REQUIRE(largest - smallest <= 2 * multiple - 1);
        if (multiple == 1) REQUIRE(largest - smallest <= 1);
      }
}

TEST_CASE("larger parts come first and empty ones last") {
  CHECK(split_evenly(10, 4, 0) == Range{0, 3});
  CHECK(split_evenly(10, 4, 3) == Range{8, 10});
  CHECK(split_evenly(2, 4, 1) == Range{1, 2});
  CHECK(split_evenly(2, 4, 3).empty());
  CHECK(split_evenly(20, 2, 0, 16) == Range{0, 16});
  CHECK(split_evenly(20, 2, 1, 16) == Range{16, 20});
}
