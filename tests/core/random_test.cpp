#include "trp/core/random.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include "catch.h"

using namespace trp;

TEST_CASE("the numbers are those of Philox4x32-10") {
  // Known answer of the authors' library (Random123 kat_vectors) for counter 0 and key 0. Purpose 0
  // is none of ours, but makes that counter.
  RandomStream random(0, static_cast<RandomPurpose>(0));
  CHECK(random.next() == 0x6627e8d5);
  CHECK(random.next() == 0xe169c58d);
  CHECK(random.next() == 0xbc57ac4c);
  CHECK(random.next() == 0x9b00dbd8);
}

TEST_CASE("seed, purpose, epoch and item each give other numbers, and the same key the same") {
  const auto first = [](std::uint64_t seed, RandomPurpose purpose, unsigned epoch, unsigned item) {
    return RandomStream(seed, purpose, epoch, item).next();
  };
  const std::set<std::uint32_t> numbers = {
      first(1, RandomPurpose::kWeights, 0, 0),          first(2, RandomPurpose::kWeights, 0, 0),
      first(1ULL << 32, RandomPurpose::kWeights, 0, 0), first(1, RandomPurpose::kShuffle, 0, 0),
      first(1, RandomPurpose::kWeights, 1, 0),          first(1, RandomPurpose::kWeights, 0, 1)};
  CHECK(numbers.size() == 6);
  CHECK(first(7, RandomPurpose::kShuffle, 3, 2) == first(7, RandomPurpose::kShuffle, 3, 2));
}

TEST_CASE("uniform numbers lie between 0 and 1 with mean 1/2 and variance 1/12") {
  RandomStream random(1, RandomPurpose::kWeights);
  double sum = 0;
  double squares = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    const float u = random.uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u;
    squares += static_cast<double>(u) * u;
  }
  const double mean = sum / kCount;
  CHECK(mean == Approx(0.5).margin(0.005));
  CHECK(squares / kCount - mean * mean == Approx(1.0 / 12).margin(0.002));
}

TEST_CASE("bounded numbers are within bounds and evenly spread") {
  RandomStream random(1, RandomPurpose::kShuffle);
  for (const std::uint32_t n : {1U, 2U, 3U, 10U, 60000U, 4294967295U})
    for (int i = 0; i < 1000; ++i) REQUIRE(random.below(n) < n);
  // With 3·2³⁰ a plain remainder would make one third of the range twice as likely.
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += random.below(3U << 30) < 1U << 30;
  CHECK(low == Approx(10000).margin(400));
}

TEST_CASE("a shuffle is a permutation, and all orders are equally likely") {
  int counts[6] = {};
  for (unsigned epoch = 0; epoch < 6000; ++epoch) {
    std::vector<std::uint32_t> items = {0, 1, 2};
    RandomStream random(1, RandomPurpose::kShuffle, epoch);
    shuffle(items, random);
    REQUIRE(std::is_permutation(items.begin(), items.end(),
                                std::vector<std::uint32_t>{0, 1, 2}.begin()));
    ++counts[items[0] * 2 + (items[1] > items[2] ? 1 : 0)];
  }
  for (const int count : counts) CHECK(count == Approx(1000).margin(130));
}
