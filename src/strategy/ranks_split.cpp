#include "strategy/ranks_split.h"

#include <cstddef>

#include "strategy/tensor_parallel.h"

namespace trp {
namespace {

Index padded(Index cols) { return round_up(cols, kLineFloats); }

/// Of the wide layers' outputs and, between two of them, of the gradients with respect to these.
std::int64_t floats_of_outputs(std::span<const Index> layer_sizes, Index samples) {
  const std::size_t wide = count_wide_layers(layer_sizes);
  Index widths = 0;
  for (std::size_t l = 1; l <= wide; ++l)
    widths += padded(layer_sizes[l]) * (l == 1 || l == wide ? 1 : 2);
  return samples * widths;
}

/// Of the gradient, twice, and a loss and whether it was right for each sample, in doubles.
std::int64_t floats_of_rows(std::span<const Index> layer_sizes, Index samples) {
  std::int64_t floats = 4 * samples;
  for (std::size_t l = 1; l < layer_sizes.size(); ++l)
    floats += 2 * (layer_sizes[l - 1] + 1) * padded(layer_sizes[l]);
  return floats;
}

}  // namespace

std::int64_t bytes_of_step(RanksSplit split, std::span<const Index> layer_sizes, Index samples,
                           int ranks) {
  const std::int64_t floats = split == RanksSplit::kOutputs
                                  ? floats_of_outputs(layer_sizes, samples)
                                  : floats_of_rows(layer_sizes, samples);
  return floats * std::int64_t{sizeof(float)} * (ranks - 1) / ranks;
}

RanksSplit choose_split(const Plan& plan, std::span<const Index> layer_sizes, Index batch_size) {
  if (plan.ranks_split != RanksSplit::kAuto) return plan.ranks_split;
  const auto bytes = [&](RanksSplit split) {
    return bytes_of_step(split, layer_sizes, batch_size, plan.ranks);
  };
  return bytes(RanksSplit::kOutputs) <= bytes(RanksSplit::kRows) ? RanksSplit::kOutputs
                                                                 : RanksSplit::kRows;
}

}  // namespace trp
