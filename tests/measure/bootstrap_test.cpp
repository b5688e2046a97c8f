#include "measure/bootstrap.h"

#include <cmath>
#include <vector>

#include "catch.h"
#include "core/random.h"
#include "measure/statistics.h"

namespace trp {
namespace {

constexpr int kTrials = 200;

/// So many times of about `level` seconds, with a deviation of 5 % of it.
std::vector<double> noisy(double level, std::size_t count, RandomStream& random) {
  std::vector<float> normal(count);
  random.fill_normal(normal);
  std::vector<double> times;
  for (const float value : normal) times.push_back(level * std::exp(0.05 * value));
  return times;
}

TEST_CASE("a ratio of times that do not vary is exact") {
  const std::vector<double> a(20, 3.0), b(20, 2.0);
  for (const auto ratio : {&paired_ratio, &ratio_of_medians}) {
    const Estimate estimate = ratio(a, b, 0.95);
    CHECK(estimate.value == 1.5);
    CHECK(estimate.lower == 1.5);
    CHECK(estimate.upper == 1.5);
  }
}

TEST_CASE("a ratio of pairs does not mind spells that meet both") {
  std::vector<double> a, b;
  for (int i = 0; i < 20; ++i) {
    b.push_back(i % 3 == 0 ? 5 : 1);  // a busy spell
    a.push_back(1.1 * b.back());
  }
  const Estimate estimate = paired_ratio(a, b, 0.95);
  CHECK(estimate.lower == Approx(1.1));
  CHECK(estimate.upper == Approx(1.1));
  CHECK(ratio_of_medians(a, b, 0.95).upper > 2);
}

TEST_CASE("intervals hold the true ratio about as often as they promise, and find one of 1.1") {
  for (const auto ratio : {&paired_ratio, &ratio_of_medians}) {
    int held = 0, found = 0;
    for (int trial = 0; trial < kTrials; ++trial) {
      RandomStream random(1, RandomPurpose::kSearch, static_cast<std::uint32_t>(trial));
      const Estimate estimate = ratio(noisy(1.1, 20, random), noisy(1, 20, random), 0.95);
      held += estimate.lower <= 1.1 && 1.1 <= estimate.upper;
      found += estimate.lower > 1;
    }
    CHECK(held >= 0.9 * kTrials);
    CHECK(held < kTrials);
    CHECK(found >= 0.95 * kTrials);
  }
}

TEST_CASE("the same times give the same interval, and more confidence a wider one") {
  RandomStream random(1, RandomPurpose::kSearch);
  const std::vector<double> a = noisy(1, 20, random), b = noisy(1, 20, random);
  const Estimate once = paired_ratio(a, b, 0.95), again = paired_ratio(a, b, 0.95),
                 surer = paired_ratio(a, b, 0.999);
  CHECK(once.lower == again.lower);
  CHECK(once.upper == again.upper);
  CHECK(surer.lower < once.lower);
  CHECK(surer.upper > once.upper);
}

TEST_CASE("too few times tell nothing for sure") {
  const std::vector<double> five = {1, 1, 1, 1, 1}, six = {1, 1, 1, 1, 1, 1};
  CHECK(std::isinf(paired_ratio(five, five, 0.95).upper));
  CHECK(paired_ratio(five, five, 0.95).lower == 0);
  CHECK(paired_ratio(six, six, 0.95).upper == 1);
  CHECK(std::isinf(paired_ratio(six, six, 0.99).upper));
  CHECK(std::isinf(ratio_of_medians(six, five, 0.95).upper));
}

}  // namespace
}  // namespace trp
