#include "data/sampler.h"

#include <algorithm>
#include <numeric>

#include "catch.h"

using namespace trp;

TEST_CASE("training and validation samples are disjoint and together all samples") {
  for (const double share : {0.0, 0.1, 0.25, 0.999}) {
    const Sampler sampler = make_sampler(1000, share, 1, true);
    CHECK(sampler.validation.size() == static_cast<std::size_t>(share * 1000 + 0.5));
    CHECK(std::is_sorted(sampler.train.begin(), sampler.train.end()));
    CHECK(std::is_sorted(sampler.validation.begin(), sampler.validation.end()));
    std::vector<std::uint32_t> all = sampler.train;
    all.insert(all.end(), sampler.validation.begin(), sampler.validation.end());
    std::sort(all.begin(), all.end());
    std::vector<std::uint32_t> expected(1000);
    std::iota(expected.begin(), expected.end(), 0U);
    CHECK(all == expected);
  }
}

TEST_CASE("the validation samples are drawn from everywhere, by the seed") {
  const Sampler sampler = make_sampler(1000, 0.1, 1, true);
  const auto in_first_half = std::count_if(sampler.validation.begin(), sampler.validation.end(),
                                           [](std::uint32_t sample) { return sample < 500; });
  CHECK((in_first_half > 25 && in_first_half < 75));
  CHECK(make_sampler(1000, 0.1, 1, true).validation == sampler.validation);
  CHECK(make_sampler(1000, 0.1, 2, true).validation != sampler.validation);
}

TEST_CASE("an epoch's order depends on seed and epoch, not on the epochs before") {
  const Sampler sampler = make_sampler(500, 0.2, 7, true);
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> second;
  epoch_order(sampler, 1, first);
  epoch_order(sampler, 2, second);
  CHECK(first != second);
  CHECK(
      std::is_permutation(first.begin(), first.end(), sampler.train.begin(), sampler.train.end()));
  std::vector<std::uint32_t> again;
  epoch_order(sampler, 2, again);
  CHECK(again == second);
  epoch_order(make_sampler(500, 0.2, 8, true), 2, again);
  CHECK(again != second);
}

TEST_CASE("without shuffling every epoch keeps the file's order") {
  const Sampler sampler = make_sampler(50, 0.2, 7, false);
  std::vector<std::uint32_t> order;
  epoch_order(sampler, 3, order);
  CHECK(order == sampler.train);
}
