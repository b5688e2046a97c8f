#include "data/augment.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <type_traits>

#include "core/fail.h"
#include "core/random.h"
#include "nn/kernels.h"

namespace trp {
namespace {

struct Shift {
  Index down = 0;
  Index right = 0;
};

Shift draw_shift(RandomStream& random) {
  const auto draw = [&] { return static_cast<Index>(random.below(2 * kMaxShift + 1)) - kMaxShift; };
  const Index down = draw();
  return {down, draw()};
}

void copy_values(const Dataset& dataset, Index first, Index count, float* values) {
  if (!dataset.bytes.empty())
    scale_bytes(dataset.bytes.data() + first, count, values);
  else
    std::copy_n(dataset.values.data() + first, count, values);
}

void copy_values(const Dataset& dataset, Index first, Index count, std::uint8_t* bytes) {
  std::copy_n(dataset.bytes.data() + first, count, bytes);
}

/// The rows are one after the other, so to move the image is to move all of it along them. Pixels
/// that leave a row at one end enter its neighbour at the other: they are overwritten with zeros,
/// and so is all that was not moved to.
template <class Value>
void copy_shifted(const Dataset& dataset, Index first, Shift shift, std::span<Value> values) {
  const Index height = dataset.sample_shape[0];
  const Index width = dataset.sample_shape[1];
  const Index count = dataset.feature_count;
  const Index row_values = count / height;
  const Index pixel_values = row_values / width;
  const Index offset = shift.down * row_values + shift.right * pixel_values;
  const Index moved_count = std::max<Index>(0, count - std::abs(offset));
  copy_values(dataset, first + std::max<Index>(0, -offset), moved_count,
              values.data() + std::max<Index>(0, offset));

  const auto blank = [&](Index begin, Index size) {
    std::fill_n(values.data() + begin, size, Value{0});
  };
  const Index blank_rows = std::min(std::abs(shift.down), height) * row_values;
  blank(shift.down > 0 ? 0 : count - blank_rows, blank_rows);
  const Index blank_columns = std::min(std::abs(shift.right), width) * pixel_values;
  const Index column = shift.right > 0 ? 0 : row_values - blank_columns;
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

}  // namespace

void check_augmentation(const AugmentOptions& options, const Dataset& dataset) {
  if (options.shift && dataset.sample_shape.size() < 2) {
    fail_usage(
        "shifting: expected images, of height and width; found samples that are rows of {} "
        "values, which have nowhere to move",
        dataset.feature_count);
  }
}

template <class Value>
void copy_sample(const Dataset& dataset, std::uint32_t sample, const Augmentation& augmentation,
                 std::span<Value> values) {
  RandomStream random(augmentation.seed, RandomPurpose::kAugmentation,
                      static_cast<std::uint32_t>(augmentation.epoch), sample);
  const Index first = static_cast<Index>(sample) * dataset.feature_count;
  if (augmentation.options.shift)
    copy_shifted(dataset, first, draw_shift(random), values);
  else
    copy_values(dataset, first, dataset.feature_count, values.data());
  if constexpr (std::is_same_v<Value, float>) {
    if (augmentation.options.noise) add_noise(random, !dataset.bytes.empty(), values);
  } else {
    assert(!dataset.bytes.empty() && !augmentation.options.noise);
  }
}

template void copy_sample(const Dataset&, std::uint32_t, const Augmentation&, std::span<float>);
template void copy_sample(const Dataset&, std::uint32_t, const Augmentation&,
                          std::span<std::uint8_t>);

}  // namespace trp
