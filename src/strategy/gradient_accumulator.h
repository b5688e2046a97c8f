#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "data/batch.h"
#include "nn/mlp.h"
#include "parallel/progress_counter.h"
#include "strategy/phase.h"
#include "strategy/strategy.h"
#include "trp/thread_pool.h"

namespace trp {

/// Merges the gradients of a batch's shards under a mutex. Three forms of one sum, from the
/// textbook's to what remains when nothing is done under the lock that need not be:
///
/// kArrival   Each worker computes its shard's gradient into memory of its own, then adds it to the
///            common one under one mutex, first come first added. The whole gradient moves twice
///            per shard, and the order of the sum, hence its last bits, is left to chance.
/// kOrdered   Each tile of the common gradient has a mutex, under which shards continue the tile's
///            chains with their samples, in shard order: workers follow one another through the
///            tiles like a wave. The whole gradient moves once per shard. Same bits every time.
/// kFactored  A dense layer's gradient is a product of factors, Xᵀ dZ, and to add two shards'
///            gradients is to put their rows under one another. The rows already lie in the
///            batch's buffers, so all that is merged under the mutex is how many there are; the
///            tiles of the product are formed when they are applied. Same bits every time.
///
/// For each batch: begin() by one thread; merge_shard() once for each shard, by any workers at
/// once; then, when all have returned, sum_of_tile() by any workers at once.
class GradientAccumulator {
 public:
  /// `tiles` must outlive the accumulator.
  GradientAccumulator(const Mlp& mlp, std::span<const Tile> tiles, MergeKind kind,
                      int worker_count);

  /// `phases` may be null.
  void begin(PhaseRecorder* phases = nullptr);

  /// Calls compute(), which computes the layer gradients of the samples `rows` of the batch, and
  /// merges what they contribute. Shards are counted from 0 in order of their rows, and begun in
  /// that order: with kOrdered a shard waits for those before it. When compute() throws, the
  /// exception goes on to the caller, and no shard of this batch waits any more.
  template <class Compute>
  void merge_shard(const Compute& compute, const Batch& batch, const Activations& activations,
                   Range rows, int shard, int worker) {
    try {
      compute();
      add_shard(batch, activations, rows, shard, worker);
    } catch (...) {
      cancel();
      throw;
    }
  }

  /// Samples merged since begin().
  Index merged_count() const;

  /// False with kFactored, which leaves the factors where they are.
  bool sums_gradients() const { return kind_ != MergeKind::kFactored; }

  /// The gradient of a tile over all samples merged, if it sums them.
  TileGradient sum_of_tile(const Tile& tile) { return of_tile(sum_, tile); }

 private:
  struct alignas(kCacheLineBytes) Turn {
    std::mutex mutex;
    // Whose turn it is. Waiting spins at first: a pool lets no more workers run than have CPUs.
    ProgressCounter merged_shards{true};
  };

  void add_shard(const Batch& batch, const Activations& activations, Range rows, int shard,
                 int worker);
  void add_in_order(const Batch& batch, const Activations& activations, Range rows, int shard,
                    int worker);
  void add_on_arrival(const Batch& batch, const Activations& activations, Range rows, int worker);
  void add_count(Range rows, int worker);
  void cancel();

  // Constant after construction.
  MergeKind kind_;
  std::span<const Tile> tiles_;

  Gradient sum_;                     // kOrdered: a tile is guarded by its turn; kArrival: by mutex_
  std::vector<Gradient> of_worker_;  // kArrival: each belongs to its worker
  std::vector<std::unique_ptr<Turn>> turns_;  // kOrdered: one per tile

  PhaseRecorder* phases_ = nullptr;  // of the batch at hand

  mutable std::mutex mutex_;
  Index merged_count_ = 0;  // guarded by mutex_
};

}  // namespace trp
