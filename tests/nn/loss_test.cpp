#include "nn/loss.h"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.h"
#include "nn/random_tensor.h"

using namespace trp;

namespace {

struct LossResult {
  Tensor gradient;
  std::vector<double> losses;
  std::vector<std::uint8_t> correct;
};

LossResult loss_of(const Tensor& logits, const std::vector<std::uint8_t>& labels,
                   const LossForm& form) {
  LossResult result{Tensor(logits.rows(), logits.cols()), std::vector<double>(labels.size()),
                    std::vector<std::uint8_t>(labels.size())};
  softmax_cross_entropy(logits.view(), labels, form, result.gradient.view(), result.losses,
                        result.correct);
  return result;
}

}  // namespace

TEST_CASE("loss and gradient are those of the formula in double precision") {
  RandomStream random = test_random(1);
  Tensor logits = random_tensor(50, 10, random);
  logits.view().matrix() *= 8;
  std::vector<std::uint8_t> labels;
  for (Index i = 0; i < 50; ++i) labels.push_back(static_cast<std::uint8_t>(random.below(10)));
  const LossResult result = loss_of(logits, labels, {50});
  for (Index row = 0; row < 50; ++row) {
    const auto r = static_cast<std::size_t>(row);
    double sum = 0;
    Index largest = 0;
    for (Index c = 0; c < 10; ++c) {
      sum += std::exp(static_cast<double>(logits(row, c)));
      if (logits(row, c) > logits(row, largest)) largest = c;
    }
    CHECK(result.losses[r] ==
          Approx(std::log(sum) - logits(row, labels[r])).epsilon(1e-5).margin(1e-6));
    CHECK(result.correct[r] == (largest == labels[r]));
    for (Index c = 0; c < 10; ++c) {
      const double p = std::exp(static_cast<double>(logits(row, c))) / sum;
      CHECK(result.gradient(row, c) ==
            Approx((p - (c == labels[r] ? 1 : 0)) / 50).epsilon(1e-5).margin(1e-8));
    }
    for (Index c = 10; c < result.gradient.stride(); ++c) CHECK(result.gradient.row(row)[c] == 0);
  }
}

TEST_CASE("smoothed labels and weighted classes are those of PyTorch's formula") {
  RandomStream random = test_random(2);
  Tensor logits = random_tensor(37, 5, random);
  logits.view().matrix() *= 6;
  std::vector<std::uint8_t> labels;
  for (Index i = 0; i < 37; ++i) labels.push_back(static_cast<std::uint8_t>(random.below(5)));
  const std::vector<float> class_weights = {0.5F, 2, 1, 0.25F, 3};
  for (const double smoothing : {0.0, 0.1})
    for (const bool is_weighted : {false, true}) {
      const auto weight = [&](std::size_t c) { return is_weighted ? class_weights[c] : 1.0; };
      double divisor = 0;
      for (const std::uint8_t label : labels) divisor += weight(label);
      const LossForm form = {.divisor = divisor,
                             .loss_scale = 37 / divisor,
                             .smoothing = static_cast<float>(smoothing),
                             .class_weights = is_weighted ? std::span<const float>(class_weights)
                                                          : std::span<const float>()};
      const LossResult result = loss_of(logits, labels, form);
      for (Index row = 0; row < 37; ++row) {
        const auto r = static_cast<std::size_t>(row);
        double sum = 0, loss = 0, total = 0;
        for (Index c = 0; c < 5; ++c) sum += std::exp(static_cast<double>(logits(row, c)));
        const auto target = [&](std::size_t c) {
          return (c == labels[r] ? (1 - smoothing) * weight(c) : 0) + smoothing / 5 * weight(c);
        };
        for (std::size_t c = 0; c < 5; ++c) {
          total += target(c);
          loss -= target(c) * (logits(row, static_cast<Index>(c)) - std::log(sum));
        }
        CHECK(result.losses[r] == Approx(loss * 37 / divisor).epsilon(1e-5).margin(1e-6));
        for (std::size_t c = 0; c < 5; ++c) {
          const double p = std::exp(static_cast<double>(logits(row, static_cast<Index>(c)))) / sum;
          CHECK(result.gradient(row, static_cast<Index>(c)) ==
                Approx((total * p - target(c)) / divisor).epsilon(1e-5).margin(1e-7));
        }
      }
    }
}

TEST_CASE("huge logits neither overflow nor lose the loss") {
  Tensor logits(2, 3);
  logits(0, 0) = 1e30F;
  logits(0, 1) = -1e30F;
  logits(1, 0) = -2e4F;
  logits(1, 1) = -2e4F;
  logits(1, 2) = -3e4F;
  const LossResult result = loss_of(logits, {0, 1}, {2});
  CHECK(result.losses[0] == 0);
  CHECK(result.losses[1] == Approx(std::log(2.0)));
  CHECK(result.gradient(0, 0) == 0);
  CHECK(result.gradient(1, 0) == Approx(0.25));
  CHECK(result.gradient(1, 1) == Approx(-0.25));
}

TEST_CASE("a logit that is not finite gives a loss that is not finite") {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (Index position = 0; position < 10; ++position) {
      Tensor logits(1, 10);
      logits(0, position) = bad;
      for (std::uint8_t label = 0; label < 10; ++label)
        CHECK_FALSE(std::isfinite(loss_of(logits, {label}, {1}).losses[0]));
    }
}

TEST_CASE("a logit of minus infinity is a class that cannot be") {
  Tensor logits(1, 3);
  logits(0, 2) = -std::numeric_limits<float>::infinity();
  CHECK(loss_of(logits, {0}, {1}).losses[0] == Approx(std::log(2.0)));
  CHECK(std::isinf(loss_of(logits, {2}, {1}).losses[0]));
}

TEST_CASE("of equal logits the first counts as the prediction") {
  const LossResult result = loss_of(Tensor(2, 10), {0, 1}, {2});
  CHECK(result.correct[0] == 1);
  CHECK(result.correct[1] == 0);
}
