#include "data/batch.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <type_traits>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/random.h"

namespace trp {
namespace {

/// Below it the sparse kernels are the faster ones, even if zeros are strewn at random; measured
/// with AVX2.
constexpr double kMaxSparseDensity = 0.65;

constexpr float kNoiseDeviation = 0.01F;
constexpr Index kMaxShift = 2;  // pixels

void copy_values(const Dataset& dataset, Index first, Index count, float* values) {
  if (!dataset.bytes.empty())
    scale_bytes(dataset.bytes.data() + first, count, values);
  else
    std::copy_n(dataset.values.data() + first, count, values);
}

void copy_values(const Dataset& dataset, Index first, Index count, std::uint8_t* bytes) {
  std::copy_n(dataset.bytes.data() + first, count, bytes);
}

/// Moves the image at random. The rows are one after the other, so to move the image is to move all
/// of it along them. Pixels that leave a row at one end enter its neighbour at the other: they are
/// overwritten with zeros, and so is all that was not moved to.
template <class Value>
void copy_shifted(const Dataset& dataset, Index first, RandomStream& random,
                  std::span<Value> values) {
  const auto draw = [&] { return static_cast<Index>(random.below(2 * kMaxShift + 1)) - kMaxShift; };
  const Index down = draw();
  const Index right = draw();
  const Index height = dataset.sample_shape[0];
  const Index width = dataset.sample_shape[1];
  const Index count = dataset.feature_count;
  const Index row_values = count / height;
  const Index pixel_values = row_values / width;
  const Index offset = down * row_values + right * pixel_values;
  const Index moved_count = std::max<Index>(0, count - std::abs(offset));
  copy_values(dataset, first + std::max<Index>(0, -offset), moved_count,
              values.data() + std::max<Index>(0, offset));

  const auto blank = [&](Index begin, Index size) {
    std::fill_n(values.data() + begin, size, Value{0});
  };
  const Index blank_rows = std::min(std::abs(down), height) * row_values;
  blank(down > 0 ? 0 : count - blank_rows, blank_rows);
  const Index blank_columns = std::min(std::abs(right), width) * pixel_values;
  const Index column = right > 0 ? 0 : row_values - blank_columns;
  for (Index row = 0; row < height; ++row) blank(row * row_values + column, blank_columns);
}

void add_noise(RandomStream& random, bool clip, std::span<float> values) {
  std::array<float, 1024> noise;
  while (!values.empty()) {
    const std::size_t count = std::min(values.size(), noise.size());
    random.fill_normal(std::span(noise).first(count));
    for (std::size_t i = 0; i < count; ++i) values[i] += kNoiseDeviation * noise[i];
    if (clip)
      for (std::size_t i = 0; i < count; ++i) values[i] = std::clamp(values[i], 0.0F, 1.0F);
    values = values.subspan(count);
  }
}

/// Writes the sample with the changes that are asked for: as floats, bytes scaled by 1/255, or as
/// bytes, unscaled.
template <class Value>
void copy_sample(const Dataset& dataset, std::uint32_t sample, const Augmentation& augmentation,
                 std::span<Value> values) {
  RandomStream random(augmentation.seed, RandomPurpose::kAugmentation,
                      static_cast<std::uint32_t>(augmentation.epoch), sample);
  const Index first = static_cast<Index>(sample) * dataset.feature_count;
  if (augmentation.options.shift)
    copy_shifted(dataset, first, random, values);
  else
    copy_values(dataset, first, dataset.feature_count, values.data());
  if constexpr (std::is_same_v<Value, float>)
    if (augmentation.options.noise) add_noise(random, !dataset.bytes.empty(), values);
}

}  // namespace

void check_augmentation(const AugmentOptions& options, const Dataset& dataset) {
  if (options.shift && dataset.sample_shape.size() < 2) {
    fail_usage(
        "shifting: expected images, of height and width; found samples that are rows of {} "
        "values, which have nowhere to move",
        dataset.feature_count);
  }
}

BatchElements choose_elements(const Dataset& dataset, const AugmentOptions& augment) {
  const bool keeps_zeros = !dataset.bytes.empty() && !augment.noise;
  return keeps_zeros && measure_density(dataset) < kMaxSparseDensity ? BatchElements::kBytes
                                                                     : BatchElements::kFloats;
}

Batch::Batch(const BatchForm& form, Index feature_count)
    : labels(static_cast<std::size_t>(form.capacity)) {
  if (form.elements == BatchElements::kBytes)
    bytes = ByteTensor(form.capacity, feature_count);
  else
    floats = Tensor(form.capacity, feature_count);
}

InputView Batch::input() const {
  return bytes.rows() > 0 ? InputView(bytes.view()) : InputView(floats.view());
}

void gather(const Dataset& dataset, std::span<const std::uint32_t> samples, Range rows,
            Batch& batch, const Augmentation& augmentation) {
  constexpr Index kAhead = 2;
  constexpr std::size_t kLine = kLineFloats * sizeof(float);
  const bool of_bytes = batch.bytes.rows() > 0;
  if (of_bytes && (dataset.bytes.empty() || augmentation.options.noise))
    throw std::invalid_argument("gather: a batch of bytes takes bytes alone, and no noise");
  const auto features = static_cast<std::size_t>(dataset.feature_count);
  const bool has_labels = !dataset.labels.empty();
  const std::size_t sample_count =
      has_labels ? dataset.labels.size() : static_cast<std::size_t>(dataset.sample_count);
  for (Index row = rows.begin; row < rows.end; ++row) {
    const std::uint32_t sample = samples[static_cast<std::size_t>(row)];
    if (sample >= sample_count) {
      throw std::out_of_range(
          fmt::format("gather: sample {} of a data set with {} samples", sample, sample_count));
    }
    // Samples are taken from all over the data set, where no processor foresees them. (Not in a
    // function of its own, which GCC leaves out as one without effect.)
    if (row + kAhead < rows.end && !dataset.bytes.empty()) {
      const std::size_t next = samples[static_cast<std::size_t>(row + kAhead)];
      for (std::size_t i = 0; i < features && next < sample_count; i += kLine)
        __builtin_prefetch(dataset.bytes.data() + next * features + i);
    }
    if (of_bytes)
      copy_sample(dataset, sample, augmentation, std::span(batch.bytes.row(row), features));
    else
      copy_sample(dataset, sample, augmentation, std::span(batch.floats.row(row), features));
    if (has_labels) batch.labels[static_cast<std::size_t>(row)] = dataset.labels[sample];
  }
}

}  // namespace trp
