#include "data/batch.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "catch.h"
#include "data/check_contains.h"
#include "data/synthetic.h"
#include "trp/error.h"

using namespace trp;

namespace {

Dataset image_data(Index count, const std::vector<Index>& shape) {
  Index features = 1;
  for (const Index size : shape) features *= size;
  Dataset dataset = synthetic_dataset(count, features, 10, 1);
  dataset.sample_shape = shape;
  // No zeros, so that those that are moved in can be told.
  for (std::uint8_t& byte : dataset.bytes) byte = static_cast<std::uint8_t>(byte | 1);
  return dataset;
}

/// The same as values that are not bytes.
Dataset as_values(const Dataset& bytes) {
  Dataset dataset = bytes;
  dataset.values.assign(bytes.bytes.begin(), bytes.bytes.end());
  dataset.bytes.clear();
  return dataset;
}

std::vector<float> augmented(const Dataset& dataset, std::uint32_t sample,
                             const Augmentation& augmentation) {
  Batch batch({}, dataset.feature_count);
  batch.floats.view().matrix().setConstant(99);
  gather(dataset, std::span(&sample, 1), {0, 1}, batch, augmentation);
  return {batch.floats.row(0), batch.floats.row(0) + dataset.feature_count};
}

/// Pixel by pixel: each comes from where the shift says, or is zero.
std::vector<float> moved(const std::vector<float>& image, const std::vector<Index>& shape,
                         Index down, Index right) {
  const Index height = shape[0];
  const Index width = shape[1];
  const Index channels = static_cast<Index>(image.size()) / (height * width);
  std::vector<float> result;
  for (Index y = 0; y < height; ++y)
    for (Index x = 0; x < width; ++x)
      for (Index c = 0; c < channels; ++c) {
        const Index from_y = y - down;
        const Index from_x = x - right;
        const bool inside = from_y >= 0 && from_y < height && from_x >= 0 && from_x < width;
        result.push_back(
            inside ? image[static_cast<std::size_t>((from_y * width + from_x) * channels + c)] : 0);
      }
  return result;
}

constexpr AugmentOptions kNoise = {.noise = true, .shift = false};
constexpr AugmentOptions kShift = {.noise = false, .shift = true};
constexpr AugmentOptions kBoth = {.noise = true, .shift = true};

}  // namespace

TEST_CASE("without augmentation a sample is what it was") {
  const Dataset dataset = image_data(3, {4, 5});
  for (std::uint32_t sample = 0; sample < 3; ++sample) {
    const auto values = augmented(dataset, sample, {.options = {}, .seed = 1, .epoch = 1});
    for (std::size_t i = 0; i < 20; ++i)
      REQUIRE(values[i] == Approx(dataset.bytes[sample * 20 + i] / 255.0));
  }
}

TEST_CASE("a shift moves the whole image, each of 25 places being as likely as another") {
  for (const std::vector<Index>& shape : std::vector<std::vector<Index>>{
           {28, 28}, {7, 5}, {6, 9, 3}, {5, 4, 2, 2}, {3, 3}, {4, 1}, {1, 6}, {2, 2, 3}, {1, 1}}) {
    const Dataset dataset = image_data(1, shape);
    const std::vector<float> image = augmented(dataset, 0, {});
    std::map<std::vector<float>, int> counts;
    for (int epoch = 1; epoch <= 2500; ++epoch)
      ++counts[augmented(dataset, 0, {.options = kShift, .seed = 5, .epoch = epoch})];
    std::map<std::vector<float>, int> places;
    for (Index down = -2; down <= 2; ++down)
      for (Index right = -2; right <= 2; ++right) ++places[moved(image, shape, down, right)];
    CAPTURE(shape);
    REQUIRE(counts.size() == places.size());
    for (const auto& [place, multiplicity] : places)
      REQUIRE(counts[place] == Approx(100 * multiplicity).margin(50 * std::sqrt(multiplicity)));
  }
}

TEST_CASE("values that are not bytes are moved just so") {
  const Dataset dataset = as_values(image_data(4, {6, 5}));
  std::set<std::vector<float>> places;
  for (Index down = -2; down <= 2; ++down)
    for (Index right = -2; right <= 2; ++right)
      places.insert(moved(augmented(dataset, 3, {}), {6, 5}, down, right));
  for (int epoch = 1; epoch <= 100; ++epoch)
    REQUIRE(places.contains(augmented(dataset, 3, {.options = kShift, .seed = 1, .epoch = epoch})));
}

TEST_CASE("noise is normal with a deviation of 0.01") {
  Dataset dataset = image_data(1, {20, 50});
  std::fill(dataset.bytes.begin(), dataset.bytes.end(), 127);
  double sum = 0;
  double squares = 0;
  constexpr int kEpochs = 200;
  for (int epoch = 1; epoch <= kEpochs; ++epoch)
    for (const float value :
         augmented(dataset, 0, {.options = kNoise, .seed = 1, .epoch = epoch})) {
      sum += value - 127 / 255.0;
      squares += (value - 127 / 255.0) * (value - 127 / 255.0);
    }
  CHECK(sum / (1000 * kEpochs) == Approx(0).margin(1e-4));
  CHECK(std::sqrt(squares / (1000 * kEpochs)) == Approx(0.01).epsilon(0.01));
}

TEST_CASE("noise leaves bytes within 0 and 1, and clips no other values") {
  Dataset dataset = image_data(1, {20, 100});
  for (std::size_t i = 0; i < 2000; ++i) dataset.bytes[i] = i % 2 == 0 ? 0 : 255;
  const Augmentation augmentation = {.options = kNoise, .seed = 1, .epoch = 1};
  int clipped = 0;
  for (const float value : augmented(dataset, 0, augmentation)) {
    REQUIRE((value >= 0 && value <= 1));
    clipped += value == 0 || value == 1;
  }
  CHECK(clipped == Approx(1000).margin(100));

  Dataset values = as_values(dataset);
  values.values[7] = std::numeric_limits<float>::quiet_NaN();
  const auto noisy = augmented(values, 0, augmentation);
  int outside = 0;
  for (const float value : noisy) outside += value < 0 || value > 255;
  CHECK(outside == Approx(1000).margin(100));
  CHECK(std::isnan(noisy[7]));
}

TEST_CASE("what is random depends on seed, epoch and sample, and on nothing else") {
  const Dataset dataset = image_data(40, {28, 28});
  Dataset same = dataset;  // the same image 40 times
  for (std::size_t i = 784; i < same.bytes.size(); ++i) same.bytes[i] = same.bytes[i % 784];
  for (const AugmentOptions& options : {kNoise, kBoth}) {
    const auto first = augmented(same, 0, {options, 1, 1});
    CHECK(augmented(same, 0, {options, 1, 1}) == first);
    std::set<std::vector<float>> others;
    for (std::uint32_t sample = 0; sample < 40; ++sample)
      others.insert(augmented(same, sample, {options, 1, 1}));
    CHECK(others.size() == 40);
    CHECK(augmented(same, 0, {options, 2, 1}) != first);
    CHECK(augmented(same, 0, {options, 1, 2}) != first);
  }

  std::vector<std::uint32_t> samples(40);
  for (std::uint32_t i = 0; i < 40; ++i) samples[i] = 39 - i;
  const Augmentation augmentation = {.options = kBoth, .seed = 3, .epoch = 4};
  Batch whole({40}, 784);
  gather(dataset, samples, {0, 40}, whole, augmentation);
  for (Index row = 0; row < 40; ++row) {
    const auto alone = augmented(dataset, static_cast<std::uint32_t>(39 - row), augmentation);
    REQUIRE(std::equal(alone.begin(), alone.end(), whole.floats.row(row)));
  }
  Batch parts({40}, 784);
  for (const Range rows : {Range{17, 40}, Range{0, 1}, Range{1, 17}})
    gather(dataset, samples, rows, parts, augmentation);
  CHECK(parts.floats.view().matrix() == whole.floats.view().matrix());
}

TEST_CASE("rows of a table cannot be shifted, and the message says why") {
  const Dataset table = image_data(2, {9});
  check_augmentation({}, table);
  check_augmentation(kNoise, table);
  check_augmentation(kShift, image_data(2, {3, 3}));
  CHECK_THROWS_AS(check_augmentation(kBoth, table), UsageError);
  try {
    check_augmentation(kShift, table);
  } catch (const UsageError& error) {
    CHECK_CONTAINS(error.what(), "shifting: expected images");
    CHECK_CONTAINS(error.what(), "rows of 9 values");
  }
}
