#include "trp/data/batch.h"

#include <algorithm>

#include "trp/nn/kernels.h"

namespace trp {

void gather(const Dataset& dataset, std::span<const std::uint32_t> samples, Range rows,
            Batch& batch) {
  const Index features = dataset.feature_count;
  for (Index row = rows.begin; row < rows.end; ++row) {
    const std::uint32_t sample = samples[static_cast<std::size_t>(row)];
    const Index first = static_cast<Index>(sample) * features;
    if (!dataset.bytes.empty())
      scale_bytes(dataset.bytes.data() + first, features, batch.input.row(row));
    else
      std::copy_n(dataset.values.data() + first, features, batch.input.row(row));
    batch.labels[static_cast<std::size_t>(row)] = dataset.labels[sample];
  }
}

}  // namespace trp
