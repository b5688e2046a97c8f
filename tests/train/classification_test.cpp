#include "train/classification.h"

#include <cmath>

#include "catch.h"
#include "trp/predict.h"

namespace trp {
namespace {

/// Rows of two logits whose difference gives the first class the probability.
Tensor logits_of(const std::vector<double>& probabilities) {
  Tensor logits(std::ssize(probabilities), 2);
  for (Index row = 0; row < logits.rows(); ++row) {
    const double p = probabilities[static_cast<std::size_t>(row)];
    logits(row, 0) = static_cast<float>(std::log(p / (1 - p)));
  }
  return logits;
}

double error_of(const std::vector<double>& probabilities, const std::vector<std::uint8_t>& labels) {
  const Tensor logits = logits_of(probabilities);
  return calibration_error(calibration_ranges(logits.view(), labels));
}

TEST_CASE("mistakes come with the most confident one first, of equals the first one") {
  const Tensor logits = logits_of({0.9, 0.8, 0.95, 0.3, 0.8});
  const std::vector<std::uint8_t> labels = {0, 1, 1, 0, 1};
  const auto mistakes = most_confident_mistakes(logits.view(), labels, 3);
  REQUIRE(mistakes.size() == 3);
  CHECK(mistakes[0].row == 2);
  CHECK(mistakes[0].predicted == 0);
  CHECK(mistakes[0].probability == Approx(0.95));
  CHECK(mistakes[1].row == 1);
  CHECK(mistakes[2].row == 4);
  CHECK(most_confident_mistakes(logits.view(), labels, 10).size() == 4);
}

TEST_CASE("probabilities that are the shares of right predictions have no calibration error") {
  // Nine of ten right at 0.9, and half of those at 0.6 right.
  std::vector<double> probabilities(10, 0.9);
  std::vector<std::uint8_t> labels(10, 0);
  labels[3] = 1;
  CHECK(error_of(probabilities, labels) == Approx(0).margin(1e-6));
  probabilities.insert(probabilities.end(), 10, 0.6);
  for (int i = 0; i < 10; ++i) labels.push_back(i % 2 == 0 ? 0 : 1);
  CHECK(error_of(probabilities, labels) == Approx(0.1 / 2).margin(1e-6));
  const Tensor none(0, 2);
  CHECK(std::isnan(calibration_error(calibration_ranges(none.view(), {}))));
}

TEST_CASE("the loss of a sample is that of its label's probability") {
  const Tensor logits = logits_of({0.9});
  const std::span<const float> row(logits.row(0), 2);
  CHECK(loss_of(row, 0) == Approx(-std::log(0.9)));
  CHECK(loss_of(row, 1) == Approx(-std::log(0.1)));
}

}  // namespace
}  // namespace trp
