#include <algorithm>

#include "core/fail.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "profile/clock.h"

namespace trp {
namespace {

constexpr std::array<const char*, 4> kLoaders = {"inline", "1 loader", "2 loaders", "4 loaders"};
constexpr std::array<int, 4> kLoaderCounts = {0, 1, 2, 4};

void run(Lab& lab) {
  const Dataset& dataset = lab.context.data.train;
  Recipe recipe = lab_recipe(lab.context);
  recipe.shuffle = true;
  const Index batches =
      std::min(lab.pick<Index>(100, 10), dataset.sample_count / recipe.batch_size);
  if (batches == 0)
    fail("loader: expected at least {} training samples, found {}; choose other data",
         recipe.batch_size, dataset.sample_count);
  const double amount = 1e-3 * static_cast<double>(batches * recipe.batch_size);
  ThreadPool& pool = lab.pool(1);
  for (const std::string preprocessing : {"cheap, ", "costly, "}) {
    if (preprocessing == "costly, ")
      recipe.augment = {.noise = true, .shift = dataset.sample_shape.size() > 1};
    for (std::size_t i = 0; i < kLoaders.size(); ++i) {
      const int loaders = kLoaderCounts[i];
      const Plan plan = {.strategy = StrategyKind::kSequential, .loaders = loaders};
      // Each turn is a new training, for what loaders prepare while others have their turn would be
      // for nothing.
      const Turn turn = [=, &dataset, &pool](double) {
        Trainer trainer(recipe, plan, dataset, pool);
        const Stopwatch stopwatch;
        for (Index b = 0; b < batches; ++b) trainer.step();
        return stopwatch.seconds();
      };
      lab.race.correct &= trains_right(lab.context, recipe, plan, pool);
      lab.race.contenders.push_back(
          {preprocessing + kLoaders[i], 1 + loaders, amount, preprocessing + kLoaders[0], turn});
    }
  }
  lab.run();
}

/// With the best number of loaders, against none.
Spread best_speedup(const Race& race, const std::string& preprocessing) {
  Spread best;
  for (std::size_t i = 1; i < kLoaders.size(); ++i) {
    const Spread speedup = race.speedup({preprocessing + kLoaders[i], 1 + kLoaderCounts[i]},
                                        {preprocessing + kLoaders[0]});
    if (speedup.median > best.median) best = speedup;
  }
  return best;
}

Verdict verdict(const Race& race) {
  const Spread costly = best_speedup(race, "costly, ");
  const Spread cheap = best_speedup(race, "cheap, ");
  return make_verdict(is_faster(costly),
                      "with costly preprocessing the best number of loaders is {}; with cheap, {}.",
                      speed_text(costly, "loading inline"), speed_text(cheap, "loading inline"));
}

}  // namespace

constinit const Experiment kLoaderExperiment = {
    .name = "loader",
    .section = "Data loading",
    .title = "prepare the next batch during this one",
    .claim =
        "threads that prepare batches ahead hide the time that preprocessing takes, the more "
        "so the costlier it is",
    .takeaway =
        "add loaders until the trainer no longer waits; for cheap preprocessing let workers "
        "gather their own",
    .in_earnest = "--loaders N --queue N --augment noise,shift",
    .correction =
        "each of its workers walks the whole data set, so every sample is loaded as often as there "
        "are workers; here a loader claims the next batch, and each is loaded once",
    .run = run,
    .verdict = verdict,
    .contenders_are = "preprocessing",
    .unit = "k samples/s"};

}  // namespace trp
