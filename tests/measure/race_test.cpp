#include "measure/race.h"
#include "measure/certainty.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "catch.h"
#include "lab/lab.h"
#include "profile/clock.h"

namespace trp {
namespace {

TEST_CASE("contenders run in turn, each as often in every round") {
  std::string order;
  Race race;
  for (const char* name : {"a", "b", "c"}) race.add({name}, [&order, name] { order += name; });
  // So short a time is up after the fewest rounds, and each call takes longer than its share.
  race.run({.seconds = 1e-12});
  REQUIRE(race.contenders.size() == 3);
  // Warm up and calibrate one contender after the other, then the rounds.
  CHECK(order.starts_with("aabbcc"));
  const std::string rounds = order.substr(6);
  for (const Contender& contender : race.contenders) {
    CHECK(contender.seconds.size() == rounds.size() / 3);
    CHECK(contender.seconds.size() >= 3);
  }
  for (std::size_t i = 0; i < rounds.size(); ++i) CHECK(rounds[i] == "abc"[i % 3]);
}

TEST_CASE("contenders that run back and forth are first in turn") {
  std::string order;
  Race race;
  for (const char* name : {"a", "b", "c"})
    race.contenders.push_back({.name = name, .turn = [&order, name](double) {
                                 order += name;
                                 return 1.0;
                               }});
  race.run({.warmup = 1, .rounds = 3, .back_and_forth = true});
  CHECK(order == "cbaabccbaabc");
  for (const Contender& contender : race.contenders) CHECK(contender.seconds.size() == 3);
}

TEST_CASE("short work is called often in a round, and times are those of one call") {
  long calls = 0;
  Race race;
  race.add({"counting"}, [&] { keep(++calls); });
  race.run({.seconds = 0.01});
  const std::vector<double>& times = race.contenders.front().seconds;
  const auto rounds = static_cast<long>(times.size());
  CHECK(rounds >= 3);
  CHECK(calls > 10 * rounds);
  const double total = 0.01;
  for (const double seconds : times) {
    CHECK(seconds > 0);
    CHECK(seconds < total);
  }
}

TEST_CASE("rounds that warm up do not count, and a stopped turn ends the race before its round") {
  Race race;
  int turns_left = 11;
  for (const char* name : {"a", "b"})
    race.contenders.push_back({.name = name, .turn = [&](double) {
                                 return --turns_left < 0 ? std::nullopt : std::optional(0.5);
                               }});
  std::vector<int> turns;
  race.run({.warmup = 2, .rounds = 9, .after_turn = [&](int taken) { turns.push_back(taken); }});
  CHECK(turns == std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  for (const Contender& contender : race.contenders)
    CHECK(contender.seconds == std::vector<double>{0.5, 0.5, 0.5});
}

TEST_CASE("a speedup is compared round by round, for the same amount of work") {
  // The machine was three times as slow in the second round, for both.
  const Race race = {
      .contenders = {{.name = "a", .seconds = {2, 6, 2}},
                     {.name = "b", .seconds = {1, 3, 1}},
                     {.name = "b", .workers = 2, .amount = 8, .seconds = {1, 3, 1}}}};
  CHECK(race.seconds({"a"}) == Spread{2, 2, 4});
  CHECK(race.speedup({"b"}, {"a"}) == Spread{2, 2, 2});
  CHECK(race.speedup({"a"}, {"b"}) == Spread{0.5, 0.5, 0.5});
  CHECK(race.speedup({"b", 2}, {"b"}) == Spread{8, 8, 8});
  CHECK(race.per_second({"b", 2}) == Spread{8, 4, 8});
  CHECK_THROWS_AS(race.seconds({"a", 2}), std::out_of_range);
}

TEST_CASE("turns know what others cost them, at most") {
  Race race;
  for (const char* name : {"a", "b"})
    race.add({name}, [] {
      const Stopwatch stopwatch;
      while (stopwatch.seconds() < 1e-3) continue;
    });
  race.run({.rounds = 3, .seconds = 0.02});
  for (const Contender& contender : race.contenders) {
    REQUIRE(contender.lost.size() == contender.seconds.size());
    for (std::size_t round = 0; round < contender.lost.size(); ++round) {
      CHECK(contender.lost[round] >= 0);
      CHECK(contender.lost[round] < contender.seconds[round]);
    }
  }
}

TEST_CASE("a conclusion is certain if lost time could not have made it") {
  const auto b_is_faster = [](const std::vector<Contender>& contenders) {
    return is_faster(Race{.contenders = contenders}.speedup({"b"}, {"a"}));
  };
  // b takes 2 s and a 3; so much was lost in each round.
  const auto is_sure = [&](double lost_by_a, double lost_by_b) {
    return is_certain(std::vector<Contender>{{.name = "a",
                                              .seconds = std::vector<double>(5, 3),
                                              .lost = std::vector<double>(5, lost_by_a)},
                                             {.name = "b",
                                              .seconds = std::vector<double>(5, 2),
                                              .lost = std::vector<double>(5, lost_by_b)}},
                      b_is_faster);
  };
  CHECK(is_sure(0, 0));
  CHECK(is_sure(0, 1.9));  // b was even faster than it seemed
  CHECK(is_sure(0.9, 0));  // a took 2.1 s at least
  CHECK_FALSE(is_sure(1.1, 0));
  CHECK_FALSE(is_sure(1.1, 1.1));
}

TEST_CASE("an interval that holds only between extremes is not missed") {
  const std::vector<Contender> contenders = {
      {.name = "a", .seconds = {4, 4, 4}, .lost = {0, 0, 0}},
      {.name = "b", .seconds = {8, 8, 8}, .lost = {7, 7, 7}}};
  // True for b at 4 s down to 2, but neither at 8 s nor at 1.
  CHECK_FALSE(is_certain(contenders, [](const std::vector<Contender>& timed) {
    return timed[1].seconds[0] <= 4 && timed[1].seconds[0] > 2;
  }));
}

TEST_CASE("where hardly anything is lost all is certain") {
  std::vector<Contender> contenders = {
      {.name = "a", .seconds = {1.001, 1.001}, .lost = {0.01, 0.01}},
      {.name = "b", .seconds = {1, 1}, .lost = {0.01, 0.01}}};
  const auto a_is_slower = [](const std::vector<Contender>& timed) {
    return timed[0].seconds[0] > timed[1].seconds[0];
  };
  CHECK(lost_share(contenders) == Approx(0.01).epsilon(0.01));
  CHECK(is_certain(contenders, a_is_slower));
  for (Contender& contender : contenders) contender.lost = {0.05, 0.05};
  CHECK_FALSE(is_certain(contenders, a_is_slower));
}

}  // namespace
}  // namespace trp
