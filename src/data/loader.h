#pragma once

#include <cstdint>
#include <thread>
#include <vector>

#include "data/batch.h"
#include "data/sampler.h"
#include "parallel/bounded_queue.h"

namespace trp {

/// The batches of a whole training, epoch after epoch, or the last ones of them.
struct BatchPlan {
  BatchForm form;
  Index samples_per_epoch = 1;  // the first so many of the epoch's order
  int epochs = 1;
  std::int64_t first_batch = 0;  // counted from 0 through all epochs
  AugmentOptions augment = {};

  std::int64_t batches_per_epoch() const {
    return (samples_per_epoch + form.capacity - 1) / form.capacity;
  }
  std::int64_t batch_count() const { return epochs * batches_per_epoch() - first_batch; }
};

/// A loader's threads gather and augment batches ahead, so that loading overlaps with computing,
/// within an epoch and from one to the next. The batches are those of gather(), in order, however
/// many threads there are.
///
/// A loader owns its threads and its batches, which are made once and used again and again. It
/// belongs to the thread that calls next() and may be destroyed at any time.
class Loader {
 public:
  /// Starts `thread_count` ≥ 0 threads. When the system refuses a thread, loading goes on with
  /// those it has; without any, inside next(). At most `queue_size` ≥ 1 batches are ahead. The data
  /// set and the sampler must outlive the loader.
  Loader(const Dataset& dataset, const Sampler& sampler, const BatchPlan& plan, int thread_count,
         int queue_size);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Returns how many threads exist.
  int thread_count() const { return static_cast<int>(threads_.size()); }

  /// Returns how many batches are ready, for which next() would not wait.
  int ready_count();

  /// Returns the next batch, which is the caller's until the next call. Rethrows what a thread has
  /// thrown over this batch; throws std::out_of_range after the last one.
  const Batch& next();

 private:
  /// The order of the epoch that a thread is at.
  struct EpochOrder {
    int epoch = 0;
    std::vector<std::uint32_t> samples;
  };

  void start_threads(int thread_count);
  bool prepare_one(EpochOrder& order);
  void fill(std::int64_t number, EpochOrder& order, Batch& batch) const;

  // Constant after construction.
  const Dataset& dataset_;
  const Sampler& sampler_;
  const BatchPlan plan_;

  BoundedQueue<Batch> queue_;
  bool holds_batch_ = false;
  EpochOrder own_order_;  // for loading inside next()
  std::vector<std::thread> threads_;
};

}  // namespace trp
