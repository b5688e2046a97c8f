#include "trp/data/batch.h"

#include "catch.h"

using namespace trp;

TEST_CASE("bytes are scaled by 1/255 and other values taken as they are") {
  Dataset bytes;
  bytes.bytes = {0, 255, 51, 1, 2, 3};
  bytes.labels = {4, 5};
  bytes.sample_count = 2;
  bytes.feature_count = 3;
  Batch batch(2, 3);
  gather(bytes, std::vector<std::uint32_t>{1, 0}, {0, 2}, batch);
  CHECK(batch.input(1, 0) == 0);
  CHECK(batch.input(1, 1) == 1);
  CHECK(batch.input(1, 2) == Approx(0.2));
  CHECK(batch.input(0, 2) == Approx(3 / 255.0));
  CHECK(batch.labels == std::vector<std::uint8_t>{5, 4});
  CHECK(batch.input.row(0)[3] == 0);  // padding

  Dataset values;
  values.values = {-1.5F, 300.0F, 0.25F};
  values.labels = {9};
  values.sample_count = 1;
  values.feature_count = 3;
  gather(values, std::vector<std::uint32_t>{0}, {0, 1}, batch);
  CHECK(batch.input(0, 0) == -1.5F);
  CHECK(batch.input(0, 1) == 300.0F);
  CHECK(batch.labels[0] == 9);
}

TEST_CASE("only the rows asked for are filled") {
  Dataset dataset;
  dataset.bytes = {10, 20, 30, 40};
  dataset.labels = {1, 2, 3, 4};
  dataset.sample_count = 4;
  dataset.feature_count = 1;
  Batch batch(4, 1);
  gather(dataset, std::vector<std::uint32_t>{0, 1, 2, 3}, {1, 3}, batch);
  CHECK(batch.labels == std::vector<std::uint8_t>{0, 2, 3, 0});
  CHECK(batch.input(0, 0) == 0);
  CHECK(batch.input(2, 0) == Approx(30 / 255.0));
}
