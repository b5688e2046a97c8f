#include "trp/data/batch.h"

#include <stdexcept>

#include <fmt/format.h>

namespace trp {

void gather(const Dataset& dataset, std::span<const std::uint32_t> samples, Range rows,
            Batch& batch, const Augmentation& augmentation) {
  const auto features = static_cast<std::size_t>(dataset.feature_count);
  for (Index row = rows.begin; row < rows.end; ++row) {
    const std::uint32_t sample = samples[static_cast<std::size_t>(row)];
    if (sample >= dataset.labels.size()) {
      throw std::out_of_range(fmt::format("gather: sample {} of a data set with {} labels", sample,
                                          dataset.labels.size()));
    }
    copy_sample(dataset, sample, augmentation, {batch.input.row(row), features});
    batch.labels[static_cast<std::size_t>(row)] = dataset.labels[sample];
  }
}

}  // namespace trp
