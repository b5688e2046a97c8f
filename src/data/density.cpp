#include "data/density.h"

#include <algorithm>

namespace trp {
namespace {

constexpr Index kMostSamples = 1000;

template <class Value>
Index count_nonzero(const Value* values, Index count) {
  return count - std::count(values, values + count, Value{0});
}

}  // namespace

double measure_density(const Dataset& dataset) {
  const Index sample_count = std::min(dataset.sample_count, kMostSamples);
  const Index features = dataset.feature_count;
  Index nonzero_count = 0;
  for (Index i = 0; i < sample_count; ++i) {
    const Index first = i * dataset.sample_count / sample_count * features;
    nonzero_count += dataset.bytes.empty() ? count_nonzero(dataset.values.data() + first, features)
                                           : count_nonzero(dataset.bytes.data() + first, features);
  }
  const Index value_count = sample_count * features;
  return value_count == 0 ? 0
                          : static_cast<double>(nonzero_count) / static_cast<double>(value_count);
}

}  // namespace trp
