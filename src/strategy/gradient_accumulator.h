#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "data/batch.h"
#include "nn/mlp.h"
#include "nn/optimizer.h"
#include "parallel/progress_counter.h"
#include "strategy/phase.h"
#include "trp/plan.h"
#include "trp/thread_pool.h"

namespace trp {

/// Merges the gradients of a batch's shards under a mutex. There are three forms of one sum, from
/// the textbook's to what remains when nothing is done under the lock that need not be:
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
/// For each batch one thread calls begin(), any workers call merge_shard() at once, once for each
/// shard, and when all of these calls have returned, any workers call gradient_of() at once.
class GradientAccumulator {
 public:
  /// `tiles` must outlive the accumulator.
  GradientAccumulator(const Mlp& mlp, std::span<const Tile> tiles, MergeKind kind,
                      int worker_count);

  /// Begins a step on this batch, whose layers' gradients will be in `activations`. Both are read
  /// until the next call. `phases` may be null.
  void begin(const Batch& batch, const Activations& activations, PhaseRecorder* phases = nullptr);

  /// Calls compute(), which computes the layers' gradients of the samples `rows` of the batch, and
  /// merges what they contribute. Shards are counted from 0 in order of their rows, and begun in
  /// that order: with kOrdered a shard waits for those before it. When compute() throws, the
  /// exception goes on to the caller, and no shard of this batch waits any more.
  template <class Compute>
  void merge_shard(const Compute& compute, Range rows, int shard, int worker) {
    try {
      compute();
      add_shard(rows, shard, worker);
    } catch (...) {
      cancel();
      throw;
    }
  }

  /// How many samples have been merged since begin().
  Index merged_count() const { return merged_count_; }

  /// Returns the gradient of a tile over all samples merged, for the parameters in `mlp`: kFactored
  /// leaves it in its factors, the others end its chains. To be called once for each tile.
  GradientSource gradient_of(const Tile& tile, const Mlp& mlp);

 private:
  struct alignas(kCacheLineBytes) Turn {
    std::mutex mutex;
    // Whose turn it is. Waiting spins at first: a pool lets no more workers run than have CPUs.
    ProgressCounter merged_shards{true};
  };

  void add_shard(Range rows, int shard, int worker);
  void add_in_order(Range rows, int shard, int worker);
  void add_on_arrival(Range rows, int worker);
  void add_count(Range rows, int worker);
  TileFactors factors_of(const Tile& tile, Range rows) const;
  void cancel();

  // Constant after construction.
  MergeKind kind_;
  std::span<const Tile> tiles_;

  // Constant from begin() to begin().
  const Batch* batch_ = nullptr;
  const Activations* activations_ = nullptr;
  PhaseRecorder* phases_ = nullptr;

  Gradient sum_;                     // kOrdered: a tile is guarded by its turn; kArrival: by mutex_
  std::vector<Gradient> of_worker_;  // kArrival: each belongs to its worker
  std::vector<std::unique_ptr<Turn>> turns_;  // kOrdered: one per tile

  std::mutex mutex_;
  Index merged_count_ = 0;  // guarded by mutex_ while shards are merged
};

}  // namespace trp
