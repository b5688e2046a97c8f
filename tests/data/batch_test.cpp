#include "data/batch.h"

#include "catch.h"
#include "data/synthetic.h"

using namespace trp;

TEST_CASE("bytes are scaled by 1/255 and other values taken as they are") {
  Dataset bytes;
  bytes.bytes = {0, 255, 51, 1, 2, 3};
  bytes.labels = {4, 5};
  bytes.sample_count = 2;
  bytes.feature_count = 3;
  Batch batch({2}, 3);
  gather(bytes, std::vector<std::uint32_t>{1, 0}, {0, 2}, batch);
  CHECK(batch.floats(1, 0) == 0);
  CHECK(batch.floats(1, 1) == 1);
  CHECK(batch.floats(1, 2) == Approx(0.2));
  CHECK(batch.floats(0, 2) == Approx(3 / 255.0));
  CHECK(batch.labels == std::vector<std::uint8_t>{5, 4});
  CHECK(batch.floats.row(0)[3] == 0);  // padding

  Dataset values;
  values.values = {-1.5F, 300.0F, 0.25F};
  values.labels = {9};
  values.sample_count = 1;
  values.feature_count = 3;
  gather(values, std::vector<std::uint32_t>{0}, {0, 1}, batch);
  CHECK(batch.floats(0, 0) == -1.5F);
  CHECK(batch.floats(0, 1) == 300.0F);
  CHECK(batch.labels[0] == 9);
}

TEST_CASE("a batch of bytes holds what a batch of floats stands for, shifted or not") {
  Dataset dataset = synthetic_dataset(40, 784, 10, 1);
  dataset.sample_shape = {28, 28};
  std::vector<std::uint32_t> samples(40);
  for (std::uint32_t i = 0; i < 40; ++i) samples[i] = 39 - i;
  for (const bool shift : {false, true}) {
    const Augmentation augmentation = {.options = {.shift = shift}, .seed = 3, .epoch = 4};
    Batch bytes({40, BatchElements::kBytes}, 784);
    Batch floats({40}, 784);
    gather(dataset, samples, {0, 40}, bytes, augmentation);
    gather(dataset, samples, {0, 40}, floats, augmentation);
    CHECK(bytes.labels == floats.labels);
    std::vector<float> scaled(784);
    for (Index row = 0; row < 40; ++row) {
      scale_bytes(bytes.bytes.row(row), 784, scaled.data());
      REQUIRE(std::equal(scaled.begin(), scaled.end(), floats.floats.row(row)));
    }
    CHECK(std::get<ConstByteTensorView>(bytes.input()).data() == bytes.bytes.row(0));
    CHECK(std::get<ConstTensorView>(floats.input()).data() == floats.floats.row(0));
  }
}

TEST_CASE("a batch of bytes refuses floats and noise") {
  Dataset dataset = synthetic_dataset(2, 12, 3, 1);
  const std::vector<std::uint32_t> samples = {0, 1};
  Batch batch({2, BatchElements::kBytes}, 12);
  CHECK_THROWS_AS(gather(dataset, samples, {0, 2}, batch, {.options = {.noise = true}}),
                  std::invalid_argument);
  dataset.values.assign(24, 0.5F);
  dataset.bytes.clear();
  CHECK_THROWS_AS(gather(dataset, samples, {0, 2}, batch), std::invalid_argument);
}

TEST_CASE("only the rows asked for are filled") {
  Dataset dataset;
  dataset.bytes = {10, 20, 30, 40};
  dataset.labels = {1, 2, 3, 4};
  dataset.sample_count = 4;
  dataset.feature_count = 1;
  Batch batch({4}, 1);
  gather(dataset, std::vector<std::uint32_t>{0, 1, 2, 3}, {1, 3}, batch);
  CHECK(batch.labels == std::vector<std::uint8_t>{0, 2, 3, 0});
  CHECK(batch.floats(0, 0) == 0);
  CHECK(batch.floats(2, 0) == Approx(30 / 255.0));
}
