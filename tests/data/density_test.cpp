#include "data/dataset.h"

#include "data/batch.h"

#include "catch.h"
#include "data/synthetic.h"

using namespace trp;

TEST_CASE("the density is the share of values that are not zero") {
  Dataset dataset;
  dataset.sample_count = 2;
  dataset.feature_count = 4;
  dataset.bytes = {0, 1, 0, 0, 255, 0, 7, 0};
  CHECK(measure_density(dataset) == 3.0 / 8);
  dataset.bytes.clear();
  dataset.values = {0, -0.0F, 0.5F, -1, 2, 3, 4, 5};
  CHECK(measure_density(dataset) == 6.0 / 8);
  CHECK(measure_density(Dataset{}) == 0);
}

TEST_CASE("the density of many samples is measured on samples from all parts of the data set") {
  Dataset dataset = synthetic_dataset(3000, 8, 4, 1);
  std::fill(dataset.bytes.begin(), dataset.bytes.begin() + 1500 * 8, std::uint8_t{0});
  std::fill(dataset.bytes.begin() + 1500 * 8, dataset.bytes.end(), std::uint8_t{1});
  CHECK(measure_density(dataset) == Approx(0.5));
}

TEST_CASE("zeros are skipped where there are many bytes that noise leaves zero") {
  Dataset dataset;
  dataset.sample_count = 2;
  dataset.feature_count = 4;
  dataset.bytes = {0, 1, 0, 0, 255, 0, 7, 9};
  CHECK(choose_elements(dataset, {}) == BatchElements::kBytes);
  CHECK(choose_elements(dataset, {.noise = false, .shift = true}) == BatchElements::kBytes);
  CHECK(choose_elements(dataset, {.noise = true}) == BatchElements::kFloats);
  dataset.bytes = {1, 1, 1, 1, 255, 1, 7, 9};
  CHECK(choose_elements(dataset, {}) == BatchElements::kFloats);
  dataset.bytes.clear();
  dataset.values = {0, 1, 0, 0, 255, 0, 7, 9};
  CHECK(choose_elements(dataset, {}) == BatchElements::kFloats);
}
