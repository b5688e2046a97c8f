#include "strategy/rank_rows.h"

#include <algorithm>
#include <utility>

#include "strategy/fork_join.h"

namespace trp {
namespace {

void wait(const StepInput& input, Transfer& transfer) {
  const auto scope = PhaseScope::common(input.phases, Phase::kRanks);
  transfer.wait();
}

Index stride_of(const Tile& tile) { return round_up(tile.cols.size(), kLineFloats); }

Index value_count(const Tile& tile) {
  return (tile.rows.size() + (tile.with_bias ? 1 : 0)) * stride_of(tile);
}

}  // namespace

RankRows::RankRows(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                   ThreadPool& pool, Cluster& cluster)
    : pool_(pool),
      cluster_(cluster),
      buffers_(mlp, form),
      update_(make_tiles(mlp), mlp, optimizer, pool.worker_count()),
      results_(static_cast<std::size_t>(form.capacity)),
      result_blocks_(cluster.size()) {
  const std::span<const Tile> tiles = update_.tiles();
  Index values = 0;
  for (const Tile& tile : tiles) {
    first_value_.push_back(static_cast<std::size_t>(values));
    values += value_count(tile);
  }
  first_value_.push_back(static_cast<std::size_t>(values));
  sums_ = Tensor(1, values);
  // The same on all ranks, which may have other numbers of workers.
  auto size = static_cast<std::size_t>(pool.worker_count());
  cluster.share(std::as_writable_bytes(std::span(&size, 1)));
  for (std::size_t begin = 0; begin < tiles.size(); begin += size)
    groups_.push_back({begin, std::min(begin + size, tiles.size())});
}

std::span<float> RankRows::values_of(const Group& group) {
  return {sums_.row(0) + first_value_[group.begin],
          first_value_[group.end] - first_value_[group.begin]};
}

TileGradient RankRows::sum_of(std::size_t tile) {
  const Tile& of = update_.tiles()[tile];
  float* const values = sums_.row(0) + first_value_[tile];
  const Index stride = stride_of(of);
  return {
      TensorView(values, of.rows.size(), of.cols.size(), stride),
      TensorView(values + of.rows.size() * stride, of.with_bias ? 1 : 0, of.cols.size(), stride)};
}

/// Lets all ranks have the results of all samples, which are added up in the order of the batch.
Transfer RankRows::begin_exchange_of_results(const StepInput& input, Range own) {
  for (int rank = 0; rank < cluster_.size(); ++rank) {
    const Range rows = split_evenly(input.sample_count(), cluster_.size(), rank);
    const auto r = static_cast<std::size_t>(rank);
    result_blocks_.counts[r] = static_cast<int>(rows.size() * Index{sizeof(SampleResult)});
    result_blocks_.offsets[r] = static_cast<int>(rows.begin * Index{sizeof(SampleResult)});
  }
  for (auto i = static_cast<std::size_t>(own.begin); i < static_cast<std::size_t>(own.end); ++i)
    results_[i] = {buffers_.losses[i], static_cast<double>(buffers_.correct[i])};
  return cluster_.gather(std::span(results_), result_blocks_);
}

/// Goes on with the chains of the gradient's sums, group by group, and passes them on to the next
/// rank. From the last one the whole sums go round the ring once more.
void RankRows::pass_on(const StepInput& input, Range own) {
  enum Lap { kChains, kWhole };
  const int rank = cluster_.rank(), last = cluster_.size() - 1;
  const Batch& batch = batch_of(input, buffers_);
  if (rank > 0)
    for (Group& group : groups_)
      group.coming = cluster_.receive_from_previous(values_of(group), kChains);
  for (Group& group : groups_) {
    wait(input, group.coming);
    if (!own.empty() || rank == 0)
      fork_join(pool_, input.phases, Phase::kBackward, static_cast<int>(group.end - group.begin),
                [&](int index, int) {
                  const std::size_t t = group.begin + static_cast<std::size_t>(index);
                  const Tile& tile = update_.tiles()[t];
                  tile_gradient(tile_factors(batch.input(), buffers_.activations, own, tile), tile,
                                rank == 0 ? ChainStart::kZero : ChainStart::kResult, sum_of(t));
                });
    group.going = cluster_.send_to_next(values_of(group), rank < last ? kChains : kWhole);
  }
  for (Group& group : groups_) {
    wait(input, group.going);
    if (rank < last) group.coming = cluster_.receive_from_previous(values_of(group), kWhole);
  }
  if (rank == last) return;
  for (Group& group : groups_) {
    wait(input, group.coming);
    if (rank + 1 < last) group.going = cluster_.send_to_next(values_of(group), kWhole);
  }
  for (Group& group : groups_) wait(input, group.going);
}

StepResult RankRows::sum_all_results(const StepInput& input) const {
  StepResult result;
  for (std::size_t i = 0; i < input.samples.size(); ++i) {
    result.loss_sum += results_[i].loss;
    result.correct_count += static_cast<Index>(results_[i].correct);
  }
  return result;
}

StepResult RankRows::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  const Range own = split_evenly(input.sample_count(), cluster_.size(), cluster_.rank());
  fork_join_shards(pool_, input.phases, Phase::kOther, own, [&](Range rows, int, int worker) {
    compute_rows(input, mlp, rows, buffers_, worker);
  });
  Transfer results = begin_exchange_of_results(input, own);
  pass_on(input, own);
  wait(input, results);

  const auto run = [&](int count, const auto& task) {
    fork_join(pool_, input.phases, Phase::kSgd, count, task, ClaimOrder::kFromBothEnds);
  };
  const auto source_of = [&](const Tile& tile) -> GradientSource {
    const auto t = static_cast<std::size_t>(&tile - update_.tiles().data());
    // The first tile of a layer has the whole bias gradient.
    std::size_t first = t;
    while (!update_.tiles()[first].with_bias) --first;
    end_chains(last_link(mlp, tile, sum_of(first).bias), sum_of(t).weight);
    return sum_of(t);
  };
  update_.apply(run, source_of, input, optimizer, mlp);
  return sum_all_results(input);
}

}  // namespace trp
