#include "lab/contest.h"

#include <fmt/format.h>
#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/workers.h"
#include "nn/mlp.h"

namespace trp {
namespace {

Findings run(const LabContext& context) {
  const Index count = context.pick<Index>(512, 64);
  const Mlp mlp = make_lab_network(context);
  const Batch batch = first_samples(context, count);
  Activations activations = make_activations(mlp, count);
  Pools pools(kWorkerCounts, context.cpus);

  // A row through a layer is a vector times a matrix: each weight is loaded for one multiply-add.
  const auto one_by_one = [&](Range rows) {
    for (Index i = rows.begin; i < rows.end; ++i)
      forward(mlp, batch.input(), {i, i + 1}, activations);
  };
  // Many rows are a matrix product: each weight is loaded for many.
  const auto at_once = [&](Range rows) { forward(mlp, batch.input(), rows, activations); };

  Contest contest;
  std::vector<Work> works;
  const auto add = [&](const std::string& name, int workers, const Work& work) {
    works.push_back(work);
    return contest.add(name, workers, 1e-3 * static_cast<double>(count), work);
  };
  const int judged = judged_workers(context.cpus);
  std::size_t judged_one_by_one = 0;
  std::size_t judged_at_once = 0;
  const std::size_t sequential = add("one by one, sequential", 1, [&] { one_by_one({0, count}); });
  for (const int workers : kWorkerCounts) {
    const std::size_t way = add("one by one", workers, [&, workers] {
      pools.of(workers).run(
          workers, [&](int shard, int) { one_by_one(split_evenly(count, workers, shard)); });
    });
    if (workers == judged) judged_one_by_one = way;
  }
  const std::size_t product = add("one product, sequential", 1, [&] { at_once({0, count}); });
  for (const int workers : kWorkerCounts) {
    const std::size_t way = add("a product per worker", workers, [&, workers] {
      pools.of(workers).run(workers,
                            [&](int shard, int) { at_once(split_evenly(count, workers, shard)); });
    });
    if (workers == judged) judged_at_once = way;
  }

  bool correct = true;
  const ExpectedOutputs expected(mlp, batch);
  for (const Work& work : works) {
    activations = make_activations(mlp, count);
    work();
    correct &= expected.match(activations.outputs.back());
  }
  contest.run(context.seconds());
  return {contest.table("batch", "thousand samples/s", context.cpus), correct,
          samples_verdict(judged, contest.speedup(judged_one_by_one, sequential),
                          contest.speedup(product, sequential),
                          contest.speedup(judged_at_once, sequential))};
}

}  // namespace

Verdict samples_verdict(int workers, const Spread& by_workers, const Spread& by_product,
                        const Spread& by_both) {
  return make_verdict(
      is_faster(by_workers) && is_faster(by_product),
      fmt::format(
          "{} workers are {}; the batch as one product, by one worker, is {}; both together "
          "are {}.",
          workers, speed_text(by_workers, "one that takes sample by sample"),
          speed_text(by_product, "that"), speed_text(by_both, "that")));
}

constinit const Experiment kSamplesExperiment = {
    .name = "samples",
    .title = "Data parallelism: the samples of a batch",
    .claim =
        "samples do not depend on one another, so workers can share them out; and the batch as one "
        "matrix product is faster than sample by sample even for one worker, so both matter",
    .takeaway = "make the batch one product first, then share its rows out among workers",
    .run = run};

}  // namespace trp
