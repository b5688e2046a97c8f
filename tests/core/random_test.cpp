#include "core/random.h"

#include <algorithm>
#include <cmath>
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

TEST_CASE("normal numbers are those of Box and Muller from the words of the stream") {
  for (const std::uint64_t seed : {1ULL, 0x123456789ABCDEFULL}) {
    RandomStream normal(seed, RandomPurpose::kAugmentation, 3, 7);
    RandomStream words(seed, RandomPurpose::kAugmentation, 3, 7);
    normal.next();  // the rest of these four words is passed over
    for (int i = 0; i < 4; ++i) words.next();
    std::vector<float> values(320);
    normal.fill_normal(values);
    for (std::size_t group = 0; group < 5; ++group)
      for (std::size_t counter = 0; counter < 16; ++counter)
        for (std::size_t pair = 0; pair < 2; ++pair) {
          const std::uint32_t a = words.next();
          const std::uint32_t b = words.next();
          const double radius = std::sqrt(-2 * std::log(((a >> 9) + 0.5) / (1 << 23)));
          const double angle =
              (static_cast<std::int32_t>(b) >> 8) * (std::acos(-1.0) / 4 / (1 << 23));
          double x = std::cos(angle) * ((b & 1) ? -1 : 1);
          double y = std::sin(angle);
          if (b & 2) std::swap(x, y);
          const std::size_t first = 64 * group + 32 * pair + counter;
          REQUIRE(values[first] == Approx(radius * x).margin(2e-6));
          REQUIRE(values[first + 16] == Approx(radius * y).margin(2e-6));
        }
    CHECK(normal.next() == words.next());
  }
}

TEST_CASE("normal numbers have the moments and the tails of the normal distribution") {
  constexpr int kCount = 1 << 20;
  std::vector<float> values(kCount);
  RandomStream(1, RandomPurpose::kAugmentation).fill_normal(values);
  double powers[5] = {};
  double products = 0;  // of neighbours, and of the two numbers from one radius
  int beyond[4] = {};   // 1, 2, 3 deviations
  for (int i = 0; i < kCount; ++i) {
    const double x = values[static_cast<std::size_t>(i)];
    REQUIRE(std::abs(x) < 5.8);
    for (int power = 1; power <= 4; ++power) powers[power] += std::pow(x, power) / kCount;
    for (int k = 1; k <= 3; ++k) beyond[k] += std::abs(x) > k;
    products += x * values[static_cast<std::size_t>(i ^ 1)] / kCount;
    products += x * values[static_cast<std::size_t>(i ^ 16)] / kCount;
  }
  CHECK(powers[1] == Approx(0).margin(0.005));
  CHECK(powers[2] == Approx(1).margin(0.007));
  CHECK(powers[3] == Approx(0).margin(0.02));
  CHECK(powers[4] == Approx(3).margin(0.05));
  CHECK(products == Approx(0).margin(0.01));
  CHECK(beyond[1] == Approx(0.317311 * kCount).epsilon(0.01));
  CHECK(beyond[2] == Approx(0.045500 * kCount).epsilon(0.03));
  CHECK(beyond[3] == Approx(0.002700 * kCount).epsilon(0.1));
}

TEST_CASE("fewer normal numbers are the first of more") {
  std::vector<float> all(200);
  RandomStream(1, RandomPurpose::kAugmentation, 2, 3).fill_normal(all);
  for (const std::size_t count : {0U, 1U, 15U, 63U, 64U, 65U, 130U, 199U}) {
    std::vector<float> values(count + 1, 9.0F);
    RandomStream(1, RandomPurpose::kAugmentation, 2, 3).fill_normal(std::span(values).first(count));
    CHECK(std::equal(values.begin(), values.end() - 1, all.begin()));
    CHECK(values.back() == 9.0F);
  }
}
