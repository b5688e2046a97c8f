#include "lab/race.h"

#include <algorithm>

#include "catch.h"

namespace trp {
namespace {

TEST_CASE("contenders run in turn, each as often in every round") {
  std::string order;
  const std::vector<Work> contenders = {[&] { order += 'a'; }, [&] { order += 'b'; },
                                        [&] { order += 'c'; }};
  // So short a time is up after the fewest rounds, and each call takes longer than its share.
  const Race result = race(contenders, 1e-12);
  REQUIRE(result.seconds.size() == 3);
  // Warm up and calibrate one contender after the other, then the rounds.
  CHECK(order.starts_with("aabbcc"));
  const std::string rounds = order.substr(6);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(result.seconds[i].size() == rounds.size() / 3);
    CHECK(result.seconds[i].size() >= 3);
  }
  for (std::size_t i = 0; i < rounds.size(); ++i) CHECK(rounds[i] == "abc"[i % 3]);
}

TEST_CASE("short work is called often in a round, and times are those of one call") {
  long calls = 0;
  const std::vector<Work> contenders = {[&] { keep(++calls); }};
  const Race result = race(contenders, 0.01);
  const auto rounds = static_cast<long>(result.seconds.front().size());
  CHECK(rounds >= 3);
  CHECK(calls > 10 * rounds);
  const double total = 0.01;
  for (const double seconds : result.seconds.front()) {
    CHECK(seconds > 0);
    CHECK(seconds < total);
  }
}

TEST_CASE("a spread is the median and the quartiles, and rates turn them around") {
  const Spread spread = spread_of(std::vector<double>{4, 1, 2, 3, 5});
  CHECK(spread == Spread{3, 2, 4});
  CHECK(rate(12, spread) == Spread{4, 3, 6});
  CHECK(scaled(spread, 10) == Spread{30, 20, 40});
}

TEST_CASE("a speedup is compared round by round") {
  // The machine was three times as slow in the second round, for both.
  const Race race = {{{2, 6, 2}, {1, 3, 1}}};
  CHECK(race.time_of(0) == Spread{2, 2, 4});
  CHECK(race.speedup(1, 0) == Spread{2, 2, 2});
  CHECK(race.speedup(0, 1) == Spread{0.5, 0.5, 0.5});
}

TEST_CASE("only quartiles on one side of 1 make a difference") {
  CHECK(is_faster({1.2, 1.01, 1.4}));
  CHECK(!is_faster({1.2, 0.99, 1.4}));
  CHECK(is_slower({0.8, 0.7, 0.99}));
  CHECK(!is_slower({0.8, 0.7, 1.01}));
  CHECK(speed_text({1.8234, 1.5, 2}, "one") == "1.82 times as fast as one");
  CHECK(speed_text({0.5, 0.4, 0.6}, "one") == "0.5 times as fast as one, so slower");
  CHECK(speed_text({1.02, 0.95, 1.07}, "one") == "about as fast as one (1.02 times, 0.95 to 1.07)");
}

TEST_CASE("numbers for people have three figures and no exponents where it matters") {
  CHECK(short_number(0.0012345) == "0.00123");
  CHECK(short_number(12.345) == "12.3");
  CHECK(short_number(999.4) == "999");
  CHECK(short_number(999.6) == "1000");
  CHECK(short_number(1e8) == "100000000");
}

}  // namespace
}  // namespace trp
