#include "trp/predict.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "catch.h"
#include "data/check_contains.h"
#include "data/synthetic.h"
#include "formats/idx_builder.h"
#include "train/classification.h"
#include "trp/error.h"
#include "trp/score.h"

namespace trp {
namespace {

std::vector<float> row_of(ConstTensorView logits, Index row) {
  return {logits.row(row), logits.row(row) + logits.cols()};
}

TEST_CASE("predictions are those that evaluation counts, with any number of workers") {
  const Mlp mlp = make_mlp(std::vector<Index>{30, 20, 7}, 3);
  for (const Index count : {1, 63, 64, 65, 1000}) {
    const Dataset data = synthetic_dataset(count, 30, 7, 5);
    std::vector<float> first;
    for (const int workers : {1, 2, 3, 8}) {
      ThreadPool pool(workers, 2);
      Predictor predictor(mlp, pool);
      const ConstTensorView logits = predictor.logits(data);
      REQUIRE(logits.rows() == count);
      REQUIRE(logits.cols() == 7);
      Index right = 0;
      std::vector<float> all;
      for (Index row = 0; row < count; ++row) {
        const auto own = row_of(logits, row);
        right += likeliest_classes(own, 1)[0] == data.labels[static_cast<std::size_t>(row)];
        all.insert(all.end(), own.begin(), own.end());
      }
      if (first.empty()) first = all;
      CHECK(all == first);
      CHECK(static_cast<double>(right) / static_cast<double>(count) ==
            evaluate(mlp, data, pool).accuracy);
    }
  }
}

TEST_CASE("a predictor takes batches of any size, with or without labels") {
  const Mlp mlp = make_mlp(std::vector<Index>{30, 7}, 3);
  ThreadPool pool(2, 2);
  Predictor predictor(mlp, pool);
  const Dataset all = synthetic_dataset(300, 30, 7, 5);
  std::vector<std::vector<float>> expected;
  const ConstTensorView logits = predictor.logits(all);
  for (Index row = 0; row < 300; ++row) expected.push_back(row_of(logits, row));
  Index done = 0;
  for (const Index count : {1, 200, 99}) {
    Dataset part = all;
    part.labels.clear();
    part.bytes.assign(all.bytes.begin() + done * 30, all.bytes.begin() + (done + count) * 30);
    part.sample_count = count;
    const ConstTensorView own = predictor.logits(part);
    REQUIRE(own.rows() == count);
    for (Index row = 0; row < count; ++row)
      CHECK(row_of(own, row) == expected[static_cast<std::size_t>(done + row)]);
    done += count;
  }
}

TEST_CASE("an image with values too large for the network is refused by its number") {
  const Mlp mlp = make_mlp(std::vector<Index>{30, 20, 7}, 3);
  ThreadPool pool(2, 2);
  Predictor predictor(mlp, pool);
  Dataset images;
  images.values.assign(200 * 30, 0.5F);
  images.sample_shape = {30};
  images.sample_count = 200;
  images.feature_count = 30;
  CHECK_NOTHROW(check_finite(predictor.logits(images), 1000, "file"));
  for (const std::ptrdiff_t image : {123, 150})
    std::fill_n(images.values.begin() + image * 30, 30, 3e38F);
  CHECK_CONTAINS(
      test::message_of<Error>([&] { check_finite(predictor.logits(images), 1000, "file"); }),
      "file: image 1123: expected a finite number for class ");
}

TEST_CASE("one logit that is no number is enough to refuse an image") {
  Tensor logits(2, 3);
  for (Index row = 0; row < 2; ++row) std::fill_n(logits.row(row), 3, 1.0F);
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    logits(1, 2) = bad;
    CHECK_CONTAINS(
        test::message_of<Error>([&] { check_finite(std::as_const(logits).view(), 0, "file"); }),
        "file: image 1: expected a finite number for class 2");
  }
}

TEST_CASE("probabilities are the softmax, also of huge logits") {
  const std::vector<float> logits = {1, 2, 3};
  const auto p = probabilities(logits);
  CHECK(p[0] == Approx(0.09003057));
  CHECK(p[1] == Approx(0.24472847));
  CHECK(p[2] == Approx(0.66524096));
  const std::vector<float> huge = {-3e38F, 3e38F};
  CHECK(probabilities(huge) == std::vector<float>{0, 1});
}

TEST_CASE("the likeliest classes come first, and the first of equals") {
  const std::vector<float> logits = {1, 5, -2, 5, 0};
  CHECK(likeliest_classes(logits, 1) == std::vector<Index>{1});
  CHECK(likeliest_classes(logits, 3) == std::vector<Index>{1, 3, 0});
  CHECK(likeliest_classes(logits, 5) == std::vector<Index>{1, 3, 0, 4, 2});
}

TEST_CASE("precision, recall and F1 of a class") {
  // Three classes; of the last one there are no samples, and the middle one is never guessed.
  Confusion confusion(3);
  confusion(0, 0) = 6;
  confusion(0, 2) = 2;
  confusion(1, 0) = 4;
  const ClassScore first = class_score(confusion, 0);
  CHECK(first.sample_count == 8);
  CHECK(first.precision == Approx(0.6));
  CHECK(first.recall == Approx(0.75));
  CHECK(first.f1 == Approx(2 * 0.6 * 0.75 / (0.6 + 0.75)));
  const ClassScore second = class_score(confusion, 1);
  CHECK(std::isnan(second.precision));
  CHECK(second.recall == 0);
  CHECK(second.f1 == 0);
  const ClassScore third = class_score(confusion, 2);
  CHECK(third.precision == 0);
  CHECK(std::isnan(third.recall));
  CHECK(third.sample_count == 0);
  const ClassScore mean = mean_score(confusion);
  CHECK(mean.sample_count == 12);
  CHECK(mean.precision == Approx(0.3));
  CHECK(mean.recall == Approx(0.375));
  CHECK(mean.f1 == Approx(first.f1 / 2));
}

}  // namespace
}  // namespace trp
