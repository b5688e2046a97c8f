#include "measure/bootstrap.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <vector>

#include "core/random.h"
#include "measure/statistics.h"

namespace trp {
namespace {

constexpr int kSamples = 10'000;
constexpr std::uint64_t kSeed = 1;

std::vector<double> drawn(std::span<const double> values, RandomStream& random) {
  std::vector<double> sample(values.size());
  for (double& value : sample)
    value = values[random.below(static_cast<std::uint32_t>(values.size()))];
  return sample;
}

/// The least and the largest of n values enclose the median with a probability of 1 − 2 / 2ⁿ, so
/// no interval drawn from fewer can promise more.
bool can_tell(std::size_t count, double confidence) {
  return std::ldexp(2.0, -static_cast<int>(count)) <= 1 - confidence;
}

/// `of_sample` draws a sample of `count` values, or more, and returns its ratio.
template <class OfSample>
Estimate estimate(double value, std::size_t count, double confidence, const OfSample& of_sample) {
  if (!can_tell(count, confidence)) return {value, 0, std::numeric_limits<double>::infinity()};
  RandomStream random(kSeed, RandomPurpose::kBootstrap);
  std::vector<double> ratios(kSamples);
  for (double& ratio : ratios) ratio = of_sample(random);
  const double tail = (1 - confidence) / 2;
  return {value, quantile(ratios, tail), quantile(ratios, 1 - tail)};
}

}  // namespace

Estimate paired_ratio(std::span<const double> a, std::span<const double> b, double confidence) {
  assert(a.size() == b.size());
  std::vector<double> ratios;
  std::ranges::transform(a, b, std::back_inserter(ratios), std::divides());
  return estimate(median(ratios), ratios.size(), confidence,
                  [&](RandomStream& random) { return median(drawn(ratios, random)); });
}

Estimate ratio_of_medians(std::span<const double> a, std::span<const double> b, double confidence) {
  return estimate(median(a) / median(b), std::min(a.size(), b.size()), confidence,
                  [&](RandomStream& random) {
                    const double above = median(drawn(a, random));
                    return above / median(drawn(b, random));
                  });
}

}  // namespace trp
