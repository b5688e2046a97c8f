#include <algorithm>
#include <mutex>

#include <Eigen/Core>

#include "lab/experiment.h"
#include "lab/training.h"

namespace trp {
namespace {

constexpr int kTiles = 8;

struct alignas(kCacheLineBytes) TileMutex {
  std::mutex mutex;
};

/// The gradient Σ (w·x − y) x of a linear model, added up by workers in several ways. All numbers
/// are whole and small enough for sums in double to be exact, so whatever the order of the
/// additions, the result is to be the same.
struct LinearModel {
  LinearModel(const Batch& batch, int workers)
      : inputs((255 * batch.floats.view().matrix().cast<double>().array().min(1).max(-1)).round()),
        targets(inputs.rows()),
        weights(inputs.cols()),
        own(static_cast<std::size_t>(workers)) {
    std::ranges::copy(batch.labels, targets.begin());
    for (Index f = 0; f < weights.size(); ++f) weights(f) = static_cast<double>(f % 5) - 2;
  }

  TRP_SAME_CODE double error(Index i) const { return inputs.row(i).dot(weights) - targets(i); }
  TRP_SAME_CODE void add_gradient(Index i, double error, Eigen::RowVectorXd& gradient) const {
    gradient += error * inputs.row(i);
  }

  /// The sum of a shard, which is its worker's own.
  const Eigen::RowVectorXd& sum_up(Range rows, int shard) {
    Eigen::RowVectorXd& sum = own[static_cast<std::size_t>(shard)];
    sum.setZero(inputs.cols());
    for (Index i = rows.begin; i < rows.end; ++i) add_gradient(i, error(i), sum);
    return sum;
  }

  void lock_per_sample(Range rows, int, int) {
    for (Index i = rows.begin; i < rows.end; ++i) {
      const double own_error = error(i);
      const std::lock_guard lock(mutex);
      add_gradient(i, own_error, total);
    }
  }

  void lock_per_shard(Range rows, int shard, int) {
    const Eigen::RowVectorXd& sum = sum_up(rows, shard);
    const std::lock_guard lock(mutex);
    total += sum;
  }

  /// Each shard begins at another tile, so that they meet less often.
  void lock_per_tile(Range rows, int shard, int shards) {
    const Eigen::RowVectorXd& sum = sum_up(rows, shard);
    for (int step = 0; step < kTiles; ++step) {
      const int tile = (shard * kTiles / shards + step) % kTiles;
      const Range columns = split_evenly(total.size(), kTiles, tile);
      const std::lock_guard lock(tile_mutexes[static_cast<std::size_t>(tile)].mutex);
      total.segment(columns.begin, columns.size()) += sum.segment(columns.begin, columns.size());
    }
  }

  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> inputs;  // a row each
  Eigen::VectorXd targets;
  Eigen::VectorXd weights;
  Eigen::RowVectorXd total;
  std::vector<Eigen::RowVectorXd> own;
  std::mutex mutex;
  std::array<TileMutex, kTiles> tile_mutexes;
};

void run(Lab& lab) {
  LinearModel model(first_samples(lab.context, lab.pick<Index>(2000, 200)), lab.max_workers());
  const Index samples = model.inputs.rows();
  const Eigen::RowVectorXd exact =
      (model.inputs * model.weights - model.targets).transpose() * model.inputs;
  lab.amount = 1e-3 * static_cast<double>(samples);
  lab.is_right = [&] { return model.total == exact; };
  const auto add = [&](const char* name, const auto& merge) {
    lab.add_for_each_count(name, [&, merge](int workers) {
      model.total.setZero(model.inputs.cols());
      lab.share_out(workers, samples,
                    [&](Range rows, int shard) { (model.*merge)(rows, shard, workers); });
    });
  };
  lab.add("sequential", [&] { model.total = model.sum_up({0, samples}, 0); });
  add("one lock per sample", &LinearModel::lock_per_sample);
  add("one lock per shard", &LinearModel::lock_per_shard);
  add("one lock per tile", &LinearModel::lock_per_tile);
  // The workers only fill sums of their own; the caller adds them up when all are done.
  lab.add_for_each_count("no lock", [&](int workers) {
    lab.share_out(workers, samples, [&](Range rows, int shard) { model.sum_up(rows, shard); });
    model.total = model.own[0];
    for (std::size_t shard = 1; shard < static_cast<std::size_t>(workers); ++shard)
      model.total += model.own[shard];
  });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const ContenderId per_shard = {"one lock per shard", workers};
  const Spread shard_against_sample = race.speedup(per_shard, {"one lock per sample", workers});
  return make_verdict(is_faster(shard_against_sample),
                      "with {} workers one lock per shard is {}, and {}.", workers,
                      speed_text(shard_against_sample, "one lock per sample"),
                      speed_text(race.speedup(per_shard, {"sequential"}), "no workers at all"));
}

}  // namespace

constinit const Experiment kAccumulateExperiment = {
    .name = "accumulate",
    .section = "Example 2",
    .title = "the gradient accumulator, and how often to lock",
    .claim =
        "a lock for every sample makes workers wait for one another; a sum of its own for each "
        "worker, merged once per shard, hardly ever does",
    .takeaway =
        "sum privately, merge once per shard; every merge here gives the exact gradient, "
        "only the waiting differs",
    .in_earnest = "--merge arrival|ordered|factored",
    .correction =
        "its good accumulator still holds its lock for the whole addition, one worker at a time; "
        "here each adds up its shard on its own, and the lock is for merging alone",
    .run = run,
    .verdict = verdict,
    .contenders_are = "merge",
    .unit = "k samples/s"};

}  // namespace trp
