#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "core/fail.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "profile/clock.h"

namespace trp {
namespace {

constexpr std::array<int, 4> kLoaderCounts = {0, 1, 2, 4};

std::string name_of(const std::string& preprocessing, int loaders) {
  const std::string who =
      loaders == 0 ? "inline" : fmt::format("{} loader{}", loaders, loaders == 1 ? "" : "s");
  return fmt::format("{}, {}", preprocessing, who);
}

/// Each turn is a new training, for what loaders prepare while others have their turn would be for
/// nothing.
Turn training_turn(const Recipe& recipe, const Plan& plan, const LabContext& context, Index batches,
                   ThreadPool& pool) {
  return [recipe, plan, &samples = context.data.train, batches, &pool](double) {
    Trainer trainer(recipe, plan, samples, pool);
    const Stopwatch stopwatch;
    for (Index b = 0; b < batches; ++b) trainer.step();
    return stopwatch.seconds();
  };
}

Race run(const LabContext& context) {
  const Dataset& dataset = context.data.train;
  Recipe recipe = lab_recipe(context);
  recipe.shuffle = true;
  const Index batches =
      std::min(context.pick<Index>(100, 10), dataset.sample_count / recipe.batch_size);
  if (batches == 0)
    fail("loader: expected at least {} training samples, found {}; choose other data",
         recipe.batch_size, dataset.sample_count);
  ThreadPool pool(1, context.cpus);
  Race race = {.cpus = context.cpus};
  for (const std::string preprocessing : {"cheap", "costly"}) {
    if (preprocessing == "costly")
      recipe.augment = {.noise = true, .shift = dataset.sample_shape.size() > 1};
    for (const int loaders : kLoaderCounts) {
      const Plan plan = {.strategy = StrategyKind::kSequential, .loaders = loaders};
      race.correct &= trains_right(context, recipe, plan, pool);
      race.contenders.push_back({name_of(preprocessing, loaders), 1 + loaders,
                                 1e-3 * static_cast<double>(batches * recipe.batch_size),
                                 name_of(preprocessing, 0),
                                 training_turn(recipe, plan, context, batches, pool)});
    }
  }
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "preprocessing", "thousand samples/s"); }

/// With the best number of loaders, against none.
Spread best_speedup(const Race& race, const std::string& preprocessing) {
  Spread best;
  for (const int loaders : kLoaderCounts) {
    const std::string name = name_of(preprocessing, loaders);
    const Spread speedup = race.speedup({name, 1 + loaders}, {name_of(preprocessing, 0)});
    if (loaders > 0 && speedup.median > best.median) best = speedup;
  }
  return best;
}

Verdict verdict(const Race& race) {
  const Spread costly = best_speedup(race, "costly");
  const Spread cheap = best_speedup(race, "cheap");
  return make_verdict(
      is_faster(costly),
      fmt::format("with costly preprocessing the best number of loaders is {}; with cheap, {}.",
                  speed_text(costly, "loading inline"), speed_text(cheap, "loading inline")));
}

}  // namespace

constinit const Experiment kLoaderExperiment = {
    .name = "loader",
    .title = "Data loading: prepare the next batch during this one",
    .claim =
        "threads that prepare batches ahead hide the time that preprocessing takes, the more "
        "so the costlier it is",
    .takeaway =
        "add loaders until the trainer no longer waits; for cheap preprocessing let workers "
        "gather their own",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
