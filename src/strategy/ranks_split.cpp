#include "strategy/ranks_split.h"

#include "strategy/rank_outputs.h"
#include "strategy/rank_rows.h"

namespace trp {

std::int64_t bytes_of_step(RanksSplit split, std::span<const Index> layer_sizes, Index samples,
                           int ranks) {
  return split == RanksSplit::kOutputs ? RankOutputs::bytes_of_step(layer_sizes, samples, ranks)
                                       : RankRows::bytes_of_step(layer_sizes, samples, ranks);
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
