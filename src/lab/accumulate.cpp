#include <algorithm>
#include <cmath>
#include <mutex>

#include <fmt/format.h>

#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/workers.h"

namespace trp {
namespace {

/// The gradient Σ (w·x − y) x of a linear model. All numbers are whole and small enough for sums in
/// double to be exact, so whatever the order of the additions, the result is to be the same.
class LinearModel {
 public:
  LinearModel(const Batch& batch) : features_(static_cast<std::size_t>(batch.floats.cols())) {
    for (Index i = 0; i < batch.floats.rows(); ++i) {
      for (Index f = 0; f < batch.floats.cols(); ++f)
        inputs_.push_back(std::nearbyint(255 * std::clamp(batch.floats(i, f), -1.0F, 1.0F)));
      targets_.push_back(batch.labels[static_cast<std::size_t>(i)]);
    }
    for (std::size_t f = 0; f < features_; ++f) weights_.push_back(static_cast<double>(f % 5) - 2);
  }

  std::size_t features() const { return features_; }
  Index samples() const { return static_cast<Index>(targets_.size()); }

  TRP_SAME_CODE double error(Index i) const {
    const double* x = input(i);
    double sum = -targets_[static_cast<std::size_t>(i)];
    for (std::size_t f = 0; f < features_; ++f) sum += weights_[f] * x[f];
    return sum;
  }

  TRP_SAME_CODE void add_gradient(Index i, double error, std::vector<double>& gradient) const {
    const double* x = input(i);
    for (std::size_t f = 0; f < features_; ++f) gradient[f] += error * x[f];
  }

  void add_gradients(Range rows, std::vector<double>& gradient) const {
    for (Index i = rows.begin; i < rows.end; ++i) add_gradient(i, error(i), gradient);
  }

  /// Feature by feature in whole numbers.
  std::vector<double> exact_gradient() const {
    std::vector<std::int64_t> errors;
    for (Index i = 0; i < samples(); ++i) {
      std::int64_t error = -static_cast<std::int64_t>(targets_[static_cast<std::size_t>(i)]);
      for (std::size_t f = 0; f < features_; ++f)
        error += static_cast<std::int64_t>(weights_[f]) * static_cast<std::int64_t>(input(i)[f]);
      errors.push_back(error);
    }
    std::vector<double> gradient;
    for (std::size_t f = 0; f < features_; ++f) {
      std::int64_t sum = 0;
      for (Index i = 0; i < samples(); ++i)
        sum += errors[static_cast<std::size_t>(i)] * static_cast<std::int64_t>(input(i)[f]);
      gradient.push_back(static_cast<double>(sum));
    }
    return gradient;
  }

 private:
  const double* input(Index i) const {
    return inputs_.data() + static_cast<std::size_t>(i) * features_;
  }

  std::size_t features_;
  std::vector<double> inputs_;
  std::vector<double> targets_;
  std::vector<double> weights_;
};

/// The ways of merging what workers contribute to the common gradient.
class Accumulation {
 public:
  Accumulation(const LinearModel& model, Pools& pools) : model_(model), pools_(pools) {
    own_.resize(static_cast<std::size_t>(kWorkerCounts.back()));
    clear(kWorkerCounts.back());
  }

  const std::vector<double>& sum() const { return sum_; }

  void sequential() {
    clear(0);
    model_.add_gradients({0, model_.samples()}, sum_);
  }

  void lock_per_sample(int workers) {
    share_out(workers, [&](Range rows, int) {
      for (Index i = rows.begin; i < rows.end; ++i) {
        const double error = model_.error(i);
        const std::lock_guard lock(mutex_);
        model_.add_gradient(i, error, sum_);
      }
    });
  }

  void lock_per_shard(int workers) {
    share_out(workers, [&](Range rows, int shard) {
      model_.add_gradients(rows, own(shard));
      const std::lock_guard lock(mutex_);
      add(own(shard), {0, features()});
    });
  }

  /// Each shard begins at another tile, so that they meet less often.
  void lock_per_tile(int workers) {
    share_out(workers, [&](Range rows, int shard) {
      model_.add_gradients(rows, own(shard));
      for (int step = 0; step < kTiles; ++step) {
        const int tile = (shard * kTiles / workers + step) % kTiles;
        const std::lock_guard lock(tile_mutexes_[static_cast<std::size_t>(tile)].mutex);
        add(own(shard), split_evenly(features(), kTiles, tile));
      }
    });
  }

  /// The workers only fill sums of their own; the caller adds them up when all are done.
  void no_lock(int workers) {
    share_out(workers, [&](Range rows, int shard) { model_.add_gradients(rows, own(shard)); });
    for (int shard = 0; shard < workers; ++shard) add(own(shard), {0, features()});
  }

 private:
  static constexpr int kTiles = 8;

  struct alignas(kCacheLineBytes) TileMutex {
    std::mutex mutex;
  };

  Index features() const { return static_cast<Index>(model_.features()); }
  std::vector<double>& own(int shard) { return own_[static_cast<std::size_t>(shard)]; }

  void clear(int shards) {
    sum_.assign(model_.features(), 0);
    for (int shard = 0; shard < shards; ++shard) own(shard).assign(model_.features(), 0);
  }

  void add(const std::vector<double>& gradient, Range features) {
    for (auto f = static_cast<std::size_t>(features.begin);
         f < static_cast<std::size_t>(features.end); ++f)
      sum_[f] += gradient[f];
  }

  template <class Task>
  void share_out(int workers, const Task& task) {
    clear(workers);
    pools_.of(workers).run(workers, [&](int shard, int) {
      task(split_evenly(model_.samples(), workers, shard), shard);
    });
  }

  const LinearModel& model_;
  Pools& pools_;
  std::vector<double> sum_;
  std::vector<std::vector<double>> own_;
  std::mutex mutex_;
  std::array<TileMutex, kTiles> tile_mutexes_;
};

Findings run(const LabContext& context) {
  const LinearModel model(first_samples(context, context.pick<Index>(2000, 200)));
  const std::vector<double> exact = model.exact_gradient();
  Pools pools(kWorkerCounts, context.cpus);
  Accumulation accumulation(model, pools);

  struct Merge {
    const char* name;
    void (Accumulation::*run)(int workers);
  };
  constexpr std::array<Merge, 4> kMerges = {
      {{"one lock per sample", &Accumulation::lock_per_sample},
       {"one lock per shard", &Accumulation::lock_per_shard},
       {"one lock per tile", &Accumulation::lock_per_tile},
       {"no lock", &Accumulation::no_lock}}};
  const int judged = judged_workers(context.cpus);
  const double amount = 1e-3 * static_cast<double>(model.samples());
  Contest contest;
  accumulation.sequential();
  bool correct = accumulation.sum() == exact;
  const std::size_t sequential =
      contest.add("sequential", 1, amount, [&] { accumulation.sequential(); });
  std::array<std::size_t, kMerges.size()> judged_ways{};
  for (std::size_t m = 0; m < kMerges.size(); ++m) {
    for (const int workers : kWorkerCounts) {
      const Work work = [&accumulation, run = kMerges[m].run, workers] {
        (accumulation.*run)(workers);
      };
      work();
      correct &= accumulation.sum() == exact;
      const std::size_t way = contest.add(kMerges[m].name, workers, amount, work);
      if (workers == judged) judged_ways[m] = way;
    }
  }
  contest.run(context.seconds());
  return {contest.table("merge", "thousand samples/s", context.cpus), correct,
          accumulate_verdict(judged, contest.speedup(judged_ways[1], judged_ways[0]),
                             contest.speedup(judged_ways[1], sequential))};
}

}  // namespace

Verdict accumulate_verdict(int workers, const Spread& shard_against_sample,
                           const Spread& shard_against_sequential) {
  return make_verdict(is_faster(shard_against_sample),
                      fmt::format("with {} workers one lock per shard is {}, and {}.", workers,
                                  speed_text(shard_against_sample, "one lock per sample"),
                                  speed_text(shard_against_sequential, "no workers at all")));
}

constinit const Experiment kAccumulateExperiment = {
    .name = "accumulate",
    .title = "Gradient accumulation: how often to lock",
    .claim =
        "a lock for every sample makes workers wait for one another; a sum of its own for each "
        "worker, merged once per shard, hardly ever does",
    .takeaway =
        "sum privately, merge once per shard; every merge here gives the exact gradient, "
        "only the waiting differs",
    .run = run};

}  // namespace trp
