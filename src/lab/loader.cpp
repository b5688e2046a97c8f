#include "data/loader.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::array<int, 4> kLoaderCounts = {0, 1, 2, 4};
constexpr int kQueue = 4;

/// The loader's batches are those that gather() makes on the spot.
bool batches_are_right(Loader& loader, const BatchPlan& plan, const Dataset& dataset,
                       const Sampler& sampler) {
  std::vector<std::uint32_t> order;
  epoch_order(sampler, 1, order);
  Batch expected({plan.form.capacity}, dataset.feature_count);
  const auto size = static_cast<std::size_t>(plan.form.capacity);
  for (std::size_t b = 0; b < static_cast<std::size_t>(plan.batch_count()); ++b) {
    gather(dataset, std::span(order).subspan(b * size, size), {0, plan.form.capacity}, expected,
           {.options = plan.augment, .seed = sampler.seed, .epoch = 1});
    const Batch& found = loader.next();
    if (found.labels != expected.labels) return false;
    if (found.floats.view().matrix() != expected.floats.view().matrix()) return false;
  }
  return true;
}

Findings run(const LabContext& context) {
  const Dataset& dataset = context.data.train;
  const Index batches =
      std::min(context.pick<Index>(100, 10), dataset.sample_count / TrainingSteps::kBatchSize);
  if (batches == 0)
    throw Error(
        fmt::format("loader: expected at least {} training samples, found {}; choose other data",
                    TrainingSteps::kBatchSize, dataset.sample_count));
  const Sampler sampler = make_sampler(dataset.sample_count, 0, context.seed, true);
  ThreadPool unused(1, context.cpus);
  TrainingSteps training(context, {.strategy = StrategyKind::kSequential}, unused);

  Contest contest;
  bool correct = true;
  const auto add_ways = [&](const std::string& name, const AugmentOptions& augment) {
    const BatchPlan plan = {.form = {TrainingSteps::kBatchSize},
                            .samples_per_epoch = batches * TrainingSteps::kBatchSize,
                            .augment = augment};
    std::vector<std::size_t> ways;
    for (const int loaders : kLoaderCounts) {
      Loader checked(dataset, sampler, plan, loaders, kQueue);
      correct &= batches_are_right(checked, plan, dataset, sampler);
      const std::string who =
          loaders == 0 ? "inline" : fmt::format("{} loader{}", loaders, loaders == 1 ? "" : "s");
      const std::size_t base = ways.empty() ? Contest::kItself : ways.front();
      ways.push_back(contest.add(
          fmt::format("{}, {}", name, who), 1 + loaders,
          1e-3 * static_cast<double>(plan.samples_per_epoch),
          [&, plan, loaders] {
            Loader loader(dataset, sampler, plan, loaders, kQueue);
            for (Index b = 0; b < batches; ++b) training.step_on(loader.next());
          },
          base));
    }
    return ways;
  };
  const auto cheap = add_ways("cheap", {});
  const auto costly =
      add_ways("costly", {.noise = true, .shift = context.data.train.sample_shape.size() > 1});
  contest.run(context.seconds());
  const auto best = [&](const std::vector<std::size_t>& ways) {
    Spread most;
    for (std::size_t i = 1; i < ways.size(); ++i) {
      const Spread speedup = contest.speedup(ways[i], ways[0]);
      if (speedup.median > most.median) most = speedup;
    }
    return most;
  };
  return {contest.table("preprocessing", "thousand samples/s", context.cpus), correct,
          loader_verdict(best(cheap), best(costly))};
}

}  // namespace

Verdict loader_verdict(const Spread& cheap, const Spread& costly) {
  return make_verdict(
      is_faster(costly),
      fmt::format("with costly preprocessing the best number of loaders is {}; with cheap, {}.",
                  speed_text(costly, "loading inline"), speed_text(cheap, "loading inline")));
}

constinit const Experiment kLoaderExperiment = {
    .name = "loader",
    .title = "Data loading: prepare the next batch during this one",
    .claim =
        "threads that prepare batches ahead hide the time that preprocessing takes, the more "
        "so the costlier it is",
    .takeaway =
        "add loaders until the trainer no longer waits; for cheap preprocessing let workers "
        "gather their own",
    .run = run};

}  // namespace trp
