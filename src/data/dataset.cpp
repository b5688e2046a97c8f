#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <future>
#include <utility>

#include <fmt/ranges.h>

#include "core/digest.h"
#include "core/fail.h"
#include "system/input_file.h"

namespace trp {
namespace {

constexpr Index kMaxProbedSamples = 1000;

void check_class_count(int class_count) {
  if (class_count >= 1 && class_count <= kMaxClasses) return;
  fail_usage("expected 1 to {} classes, found {}", kMaxClasses, class_count);
}

template <class Label>
void check_label_range(const std::string& path, const IdxArray& array,
                       const std::vector<Label>& labels, int class_count) {
  const auto in_range = [class_count](double label) { return label >= 0 && label < class_count; };
  const auto bad = std::ranges::find_if_not(labels, in_range);
  if (bad == labels.end()) return;
  const auto index = static_cast<Index>(bad - labels.begin());
  const auto max = static_cast<double>(*std::ranges::max_element(labels));
  const auto min = static_cast<double>(*std::ranges::min_element(labels));
  const bool usable = min >= 0 && max < kMaxClasses;
  fail("{}: label {} at byte {} is {:.0f}, expected 0 to {}; hint: {}", path, index,
       array.byte_offset(index), static_cast<double>(*bad), class_count - 1,
       usable
           ? fmt::format("if the classes go up to {:.0f}, there are {:.0f} of them", max, max + 1)
           : "classes are numbered from 0 to 255 at most: is this the labels file?");
}

std::vector<std::uint8_t> to_labels(const std::string& path, IdxArray array, int class_count) {
  if (array.type == IdxType::kUnsignedByte) {
    check_label_range(path, array, array.bytes, class_count);
    return std::move(array.bytes);
  }
  if (array.type == IdxType::kFloat32 || array.type == IdxType::kFloat64) {
    fail(
        "{}: expected labels of an integer type at byte 2, found {}; hint: write them as unsigned "
        "bytes (0x08)",
        path, idx_type_name(array.type));
  }
  check_label_range(path, array, array.values, class_count);
  return {array.values.begin(), array.values.end()};
}

void attach_labels(Dataset& set, const std::string& images_path, const std::string& labels_path,
                   IdxArray labels, int class_count) {
  const Index count = labels.shape.front();
  if (count != set.sample_count) {
    fail(
        "{}: expected {} labels, as many as {} has images, found {}; hint: are these files of two "
        "different sets?",
        input_name(labels_path), set.sample_count, input_name(images_path), count);
  }
  set.labels = to_labels(input_name(labels_path), std::move(labels), class_count);
}

void check_same_kind(const DataFiles& files, const DataSets& sets) {
  if (sets.train.sample_shape != sets.test.sample_shape) {
    fail(
        "{}: expected samples of {}, as in {}, found {}; hint: training and test files must be of "
        "one data set",
        input_name(files.test_images), fmt::join(sets.train.sample_shape, " x "),
        input_name(files.train_images), fmt::join(sets.test.sample_shape, " x "));
  }
  const auto kind = [](const Dataset& set) { return set.bytes.empty() ? "numbers" : "bytes"; };
  if (sets.train.bytes.empty() != sets.test.bytes.empty()) {
    fail(
        "{}: expected samples of {}, as in {}, found {}; hint: training and test files must be of "
        "one element type",
        input_name(files.test_images), kind(sets.train), input_name(files.train_images),
        kind(sets.test));
  }
}

/// If the system refuses a thread, the file is read when its result is asked for.
std::future<IdxArray> start_reading(const std::string& path, const IdxExpected& expected) {
  return std::async(std::launch::async | std::launch::deferred,
                    [path, expected] { return read_idx(path, expected); });
}

}  // namespace

Dataset to_dataset(IdxArray images) {
  Dataset set;
  set.sample_count = images.shape.front();
  set.sample_shape.assign(images.shape.begin() + 1, images.shape.end());
  set.feature_count = 1;
  for (const Index size : set.sample_shape) set.feature_count *= size;
  set.bytes = std::move(images.bytes);
  set.values = std::move(images.values);
  return set;
}

double measure_density(const Dataset& set) {
  const Index sample_count = std::min(set.sample_count, kMaxProbedSamples);
  const auto count_nonzero = [&](const auto& elements, Index sample) {
    const auto begin = elements.begin() + sample * set.feature_count;
    return set.feature_count - std::count(begin, begin + set.feature_count, 0);
  };
  Index nonzero_count = 0;
  for (Index i = 0; i < sample_count; ++i) {
    const Index sample = i * set.sample_count / sample_count;
    nonzero_count +=
        set.bytes.empty() ? count_nonzero(set.values, sample) : count_nonzero(set.bytes, sample);
  }
  const auto value_count = static_cast<double>(sample_count * set.feature_count);
  return value_count == 0 ? 0 : static_cast<double>(nonzero_count) / value_count;
}

PixelStatistics pixel_statistics(const Dataset& set) {
  std::vector<std::uint32_t> samples;
  const Index count = std::min(set.sample_count, kMaxProbedSamples);
  for (Index i = 0; i < count; ++i)
    samples.push_back(static_cast<std::uint32_t>(i * set.sample_count / count));
  const FeatureStatistics features = feature_statistics(set, samples);
  double mean = 0, square = 0;
  for (std::size_t i = 0; i < features.mean.size(); ++i) {
    mean += features.mean[i];
    square += features.mean[i] * features.mean[i] + features.deviation[i] * features.deviation[i];
  }
  const auto n = static_cast<double>(features.mean.size());
  return {mean / n, std::sqrt(std::max(square / n - mean / n * (mean / n), 0.0))};
}

FeatureStatistics feature_statistics(const Dataset& set, std::span<const std::uint32_t> samples) {
  const auto features = static_cast<std::size_t>(set.feature_count);
  const auto n = static_cast<double>(samples.size());
  FeatureStatistics statistics{std::vector<double>(features), std::vector<double>(features)};
  // Calls add(feature, value) for all values, sample by sample.
  const auto for_each_value = [&](const auto& values, const auto& add) {
    for (const std::uint32_t sample : samples)
      for (std::size_t i = 0; i < features; ++i) add(i, values[sample * features + i]);
  };
  if (!set.bytes.empty()) {  // sums of whole numbers, which are exact
    std::vector<std::uint64_t> sums(features), squares(features);
    for_each_value(set.bytes, [&](std::size_t i, std::uint64_t value) {
      sums[i] += value;
      squares[i] += value * value;
    });
    for (std::size_t i = 0; i < features; ++i) {
      const double mean = static_cast<double>(sums[i]) / n;
      const double variance = static_cast<double>(squares[i]) / n - mean * mean;
      statistics.mean[i] = mean / 255;
      statistics.deviation[i] = std::sqrt(std::max(variance, 0.0)) / 255;
    }
    return statistics;
  }
  for_each_value(set.values, [&](std::size_t i, double value) { statistics.mean[i] += value; });
  for (double& mean : statistics.mean) mean /= n;
  for_each_value(set.values, [&](std::size_t i, double value) {
    const double distance = value - statistics.mean[i];
    statistics.deviation[i] += distance * distance;
  });
  for (double& deviation : statistics.deviation) deviation = std::sqrt(deviation / n);
  return statistics;
}

std::string dataset_digest(const Dataset& set) {
  Digest digest;
  const auto update = [&digest](const auto& elements) {
    digest.update(elements.data(), elements.size() * sizeof(elements[0]));
  };
  const std::array<Index, 3> sizes = {set.sample_count, set.feature_count,
                                      static_cast<Index>(set.sample_shape.size())};
  update(sizes);
  update(set.sample_shape);
  update(set.bytes);
  update(set.values);
  update(set.labels);
  return digest.to_string();
}

Dataset load_images(const std::string& path) { return to_dataset(read_idx(path, kIdxImages)); }

Dataset load_dataset(const std::string& images_path, const std::string& labels_path,
                     int class_count) {
  check_class_count(class_count);
  Dataset set = load_images(images_path);
  attach_labels(set, images_path, labels_path, read_idx(labels_path, kIdxLabels), class_count);
  return set;
}

DataSets load_data(const DataFiles& files, int class_count) {
  check_class_count(class_count);
  auto train_images = start_reading(files.train_images, kIdxImages);
  auto train_labels = start_reading(files.train_labels, kIdxLabels);
  auto test_images = start_reading(files.test_images, kIdxImages);
  auto test_labels = start_reading(files.test_labels, kIdxLabels);

  DataSets sets;
  sets.source = files.source;
  sets.train = to_dataset(train_images.get());
  attach_labels(sets.train, files.train_images, files.train_labels, train_labels.get(),
                class_count);
  sets.test = to_dataset(test_images.get());
  attach_labels(sets.test, files.test_images, files.test_labels, test_labels.get(), class_count);
  check_same_kind(files, sets);
  return sets;
}

}  // namespace trp
