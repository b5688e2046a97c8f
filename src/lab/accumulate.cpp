#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <Eigen/Core>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"
#include "trp/thread_pool.h"

namespace trp {
namespace {

constexpr int kTiles = 8;

struct alignas(kCacheLineBytes) TileMutex {
  std::mutex mutex;
};

/// The gradient Σ (w·x − y) x of a linear model. All numbers are whole and small enough for sums in
/// double to be exact, so whatever the order of the additions, the result is to be the same.
struct LinearModel {
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> inputs;  // a row each
  Eigen::VectorXd targets;
  Eigen::VectorXd weights;

  explicit LinearModel(const Batch& batch)
      : inputs((255 * batch.floats.view().matrix().cast<double>().array().min(1).max(-1)).round()),
        targets(inputs.rows()),
        weights(inputs.cols()) {
    for (Index i = 0; i < inputs.rows(); ++i)
      targets(i) = batch.labels[static_cast<std::size_t>(i)];
    for (Index f = 0; f < weights.size(); ++f) weights(f) = static_cast<double>(f % 5) - 2;
  }

  TRP_SAME_CODE double error(Index i) const { return inputs.row(i).dot(weights) - targets(i); }

  TRP_SAME_CODE void add_gradient(Index i, double error, Eigen::RowVectorXd& gradient) const {
    gradient += error * inputs.row(i);
  }

  void add_gradients(Range rows, Eigen::RowVectorXd& gradient) const {
    for (Index i = rows.begin; i < rows.end; ++i) add_gradient(i, error(i), gradient);
  }
};

Race run(const LabContext& context) {
  const LinearModel model(first_samples(context, context.pick<Index>(2000, 200)));
  const Index samples = model.inputs.rows();
  const Index features = model.inputs.cols();
  const Eigen::RowVectorXd zero = Eigen::RowVectorXd::Zero(features);
  const Eigen::RowVectorXd exact =
      (model.inputs * model.weights - model.targets).transpose() * model.inputs;
  Eigen::RowVectorXd sum = zero;
  std::vector<Eigen::RowVectorXd> own(static_cast<std::size_t>(kWorkerCounts.back()), zero);
  std::mutex mutex;
  std::array<TileMutex, kTiles> tile_mutexes;
  Pools pools(context.cpus);
  Race race = {.cpus = context.cpus};
  race.check = [&](const Work& work) {
    work();
    return sum == exact;
  };
  const auto sum_of = [&](Range rows, int shard) -> const Eigen::RowVectorXd& {
    Eigen::RowVectorXd& gradient = own[static_cast<std::size_t>(shard)];
    gradient = zero;
    model.add_gradients(rows, gradient);
    return gradient;
  };

  const double amount = 1e-3 * static_cast<double>(samples);
  const auto add = [&](const std::string& name, const std::function<void(Range, int, int)>& task) {
    const auto work = [&, task](int workers) {
      sum = zero;
      pools.share_out(workers, samples, [&](Range rows, int shard) { task(rows, shard, workers); });
    };
    add_for_each_count(race, name, amount, work);
  };
  race.add({"sequential", 1, amount}, [&] {
    sum = zero;
    model.add_gradients({0, samples}, sum);
  });
  add("one lock per sample", [&](Range rows, int, int) {
    for (Index i = rows.begin; i < rows.end; ++i) {
      const double error = model.error(i);
      const std::lock_guard lock(mutex);
      model.add_gradient(i, error, sum);
    }
  });
  add("one lock per shard", [&](Range rows, int shard, int) {
    const Eigen::RowVectorXd& gradient = sum_of(rows, shard);
    const std::lock_guard lock(mutex);
    sum += gradient;
  });
  // Each shard begins at another tile, so that they meet less often.
  add("one lock per tile", [&](Range rows, int shard, int workers) {
    const Eigen::RowVectorXd& gradient = sum_of(rows, shard);
    for (int step = 0; step < kTiles; ++step) {
      const int tile = (shard * kTiles / workers + step) % kTiles;
      const Range columns = split_evenly(features, kTiles, tile);
      const std::lock_guard lock(tile_mutexes[static_cast<std::size_t>(tile)].mutex);
      sum.segment(columns.begin, columns.size()) += gradient.segment(columns.begin, columns.size());
    }
  });
  // The workers only fill sums of their own; the caller adds them up when all are done.
  const auto without_lock = [&](int workers) {
    sum = zero;
    pools.share_out(workers, samples, sum_of);
    for (int shard = 0; shard < workers; ++shard) sum += own[static_cast<std::size_t>(shard)];
  };
  add_for_each_count(race, "no lock", amount, without_lock);
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "merge", "thousand samples/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const ContenderId per_shard = {"one lock per shard", workers};
  const Spread shard_against_sample = race.speedup(per_shard, {"one lock per sample", workers});
  return make_verdict(
      is_faster(shard_against_sample),
      fmt::format("with {} workers one lock per shard is {}, and {}.", workers,
                  speed_text(shard_against_sample, "one lock per sample"),
                  speed_text(race.speedup(per_shard, {"sequential"}), "no workers at all")));
}

}  // namespace

constinit const Experiment kAccumulateExperiment = {
    .name = "accumulate",
    .title = "Gradient accumulation: how often to lock",
    .claim =
        "a lock for every sample makes workers wait for one another; a sum of its own for each "
        "worker, merged once per shard, hardly ever does",
    .takeaway =
        "sum privately, merge once per shard; every merge here gives the exact gradient, "
        "only the waiting differs",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
