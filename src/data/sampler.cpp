#include "data/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace trp {

Sampler make_sampler(Index sample_count, double validation_share, std::uint64_t seed,
                     bool shuffle) {
  std::vector<std::uint32_t> samples(static_cast<std::size_t>(sample_count));
  std::iota(samples.begin(), samples.end(), 0U);
  const auto validation_count = static_cast<std::ptrdiff_t>(
      std::llround(validation_share * static_cast<double>(sample_count)));
  if (validation_count > 0) {
    RandomStream random(seed, RandomPurpose::kValidationSplit);
    trp::shuffle(samples, random);
    std::sort(samples.begin(), samples.begin() + validation_count);
    std::sort(samples.begin() + validation_count, samples.end());
  }
  return {.train = {samples.begin() + validation_count, samples.end()},
          .validation = {samples.begin(), samples.begin() + validation_count},
          .seed = seed,
          .shuffle = shuffle};
}

void epoch_order(const Sampler& sampler, int epoch, std::vector<std::uint32_t>& order) {
  order = sampler.train;
  if (!sampler.shuffle) return;
  RandomStream random(sampler.seed, RandomPurpose::kShuffle, static_cast<std::uint32_t>(epoch));
  shuffle(order, random);
}

}  // namespace trp
