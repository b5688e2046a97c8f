#include "strategy/gradient_accumulator.h"

namespace trp {
namespace {

std::unique_lock<std::mutex> lock_for_merge(std::mutex& mutex, PhaseRecorder* phases, int worker) {
  const PhaseScope wait(phases, worker, Phase::kMergeWait);
  return std::unique_lock(mutex);
}

}  // namespace

GradientAccumulator::GradientAccumulator(const Mlp& mlp, std::span<const Tile> tiles,
                                         MergeKind kind, int worker_count)
    : kind_(kind), tiles_(tiles) {
  if (kind_ != MergeKind::kFactored) sum_ = make_gradient(mlp);
  if (kind_ == MergeKind::kArrival)
    for (int worker = 0; worker < worker_count; ++worker) of_worker_.push_back(make_gradient(mlp));
  if (kind_ == MergeKind::kOrdered)
    for (std::size_t t = 0; t < tiles_.size(); ++t) turns_.push_back(std::make_unique<Turn>());
}

void GradientAccumulator::begin(const Batch& batch, const Activations& activations,
                                PhaseRecorder* phases) {
  batch_ = &batch;
  activations_ = &activations;
  phases_ = phases;
  merged_count_ = 0;
  for (const auto& turn : turns_) turn->merged_shards.reset();
}

GradientSource GradientAccumulator::gradient_of(const Tile& tile, const Mlp& mlp) {
  if (kind_ == MergeKind::kFactored) return factors_of(tile, {0, merged_count_});
  return ended_gradient(mlp, tile, sum_);
}

TileFactors GradientAccumulator::factors_of(const Tile& tile, Range rows) const {
  return tile_factors(batch_->input(), *activations_, rows, tile);
}

void GradientAccumulator::add_shard(Range rows, int shard, int worker) {
  switch (kind_) {
    case MergeKind::kFactored:
      return add_count(rows, worker);
    case MergeKind::kOrdered:
      return add_in_order(rows, shard, worker);
    case MergeKind::kArrival:
      return add_on_arrival(rows, worker);
  }
}

void GradientAccumulator::add_count(Range rows, int worker) {
  const std::unique_lock lock = lock_for_merge(mutex_, phases_, worker);
  const PhaseScope scope(phases_, worker, Phase::kMerge);
  merged_count_ += rows.size();
}

void GradientAccumulator::add_in_order(Range rows, int shard, int worker) {
  for (std::size_t t = 0; t < tiles_.size(); ++t) {
    Turn& turn = *turns_[t];
    {
      const PhaseScope wait(phases_, worker, Phase::kMergeWait);
      if (!turn.merged_shards.wait_for(shard)) return;
    }
    {
      const std::lock_guard lock(turn.mutex);
      // The sum is made by the products that are there to be added.
      const PhaseScope scope(phases_, worker, Phase::kBackward);
      tile_gradient(factors_of(tiles_[t], rows), tiles_[t],
                    shard == 0 ? ChainStart::kZero : ChainStart::kResult, of_tile(sum_, tiles_[t]));
    }
    turn.merged_shards.advance();
  }
  add_count(rows, worker);
}

void GradientAccumulator::add_on_arrival(Range rows, int worker) {
  Gradient& own = of_worker_[static_cast<std::size_t>(worker)];
  {
    const PhaseScope scope(phases_, worker, Phase::kBackward);
    for (const Tile& tile : tiles_)
      tile_gradient(factors_of(tile, rows), tile, ChainStart::kZero, of_tile(own, tile));
  }

  const std::unique_lock lock = lock_for_merge(mutex_, phases_, worker);
  const PhaseScope scope(phases_, worker, Phase::kMerge);
  const bool first = merged_count_ == 0;
  for (std::size_t l = 0; l < sum_.layers.size(); ++l) {
    auto weight = sum_.layers[l].weight.view().matrix();
    auto bias = sum_.layers[l].bias.view().matrix();
    if (first) {
      weight = own.layers[l].weight.view().matrix();
      bias = own.layers[l].bias.view().matrix();
    } else {
      weight += own.layers[l].weight.view().matrix();
      bias += own.layers[l].bias.view().matrix();
    }
  }
  merged_count_ += rows.size();
}

void GradientAccumulator::cancel() {
  for (const auto& turn : turns_) turn->merged_shards.cancel();
}

}  // namespace trp
