#include "data/batch.h"

#include <stdexcept>

#include <fmt/format.h>

namespace trp {
namespace {

/// Below it the sparse kernels are the faster ones, even if zeros are strewn at random; measured
/// with AVX2.
constexpr double kMaxSparseDensity = 0.65;

}  // namespace

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
