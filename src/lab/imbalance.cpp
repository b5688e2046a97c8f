#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiment.h"
#include "lab/workers.h"

namespace trp {
namespace {

constexpr Index kItems = 256;
constexpr std::uint64_t kFactor = 6364136223846793005ULL;  // of Knuth's MMIX generator
constexpr std::uint64_t kTerm = 1442695040888963407ULL;

/// Work that takes as long as its number of steps: x ← x · factor + term.
TRP_SAME_CODE std::uint64_t work_through(Index steps) {
  std::uint64_t x = 1;
  for (Index i = 0; i < steps; ++i) {
    x = x * kFactor + kTerm;
    keep(x);
  }
  return x;
}

/// The same result in as many steps as the number has binary digits: the steps are applied in
/// powers of two (Brown, "Random number generation with arbitrary strides", 1994).
std::uint64_t jump(Index steps) {
  std::uint64_t x = 1;
  std::uint64_t factor = kFactor;
  std::uint64_t term = kTerm;
  for (; steps > 0; steps /= 2) {
    if (steps % 2 == 1) x = x * factor + term;
    term *= factor + 1;
    factor *= factor;
  }
  return x;
}

/// Items of work and their results.
struct Items {
  explicit Items(std::vector<Index> item_steps)
      : steps(std::move(item_steps)), results(steps.size()) {}

  void work(Range range) {
    for (auto i = static_cast<std::size_t>(range.begin); i < static_cast<std::size_t>(range.end);
         ++i)
      results[i] = work_through(steps[i]);
  }

  bool correct() const {
    for (std::size_t i = 0; i < steps.size(); ++i)
      if (results[i] != jump(steps[i])) return false;
    return true;
  }

  std::vector<Index> steps;
  std::vector<std::uint64_t> results;
};

Race run(const LabContext& context) {
  const Index scale = context.pick<Index>(20, 2);
  std::vector<Index> uneven_steps;
  for (Index i = 0; i < kItems; ++i) uneven_steps.push_back(scale * i);  // the last shard has most
  Items even(std::vector<Index>(kItems, scale * (kItems - 1) / 2));
  Items uneven(std::move(uneven_steps));
  Pools pools(context.cpus);
  Race race = {.cpus = context.cpus};
  race.check = [&](const Work& work) {
    for (Items* items : {&even, &uneven}) items->results.assign(kItems, 0);
    work();
    return even.correct() || uneven.correct();
  };
  const double amount = 1e-3 * kItems;
  const auto add_shards = [&](const std::string& name, Items& items) {
    add_for_each_count(race, name, amount, [&](int workers) {
      pools.share_out(workers, kItems, [&](Range shard, int) { items.work(shard); });
    });
  };
  race.add({"uneven, sequential", 1, amount}, [&] { uneven.work({0, kItems}); });
  add_shards("even items, a shard each", even);
  add_shards("uneven items, a shard each", uneven);
  for (const Index at_a_time : {1, 16}) {
    const std::string name = fmt::format("uneven items, claimed {} at a time", at_a_time);
    add_for_each_count(race, name, amount, [&, at_a_time](int workers) {
      pools.of(workers).run(static_cast<int>(kItems / at_a_time), [&](int part, int) {
        uneven.work({part * at_a_time, (part + 1) * at_a_time});
      });
    });
  }
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "items", "thousand items/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread claimed = race.speedup({"uneven items, claimed 1 at a time", workers},
                                      {"uneven items, a shard each", workers});
  return make_verdict(is_faster(claimed),
                      fmt::format("with {} workers, uneven items claimed one at a time are {}.",
                                  workers, speed_text(claimed, "a shard for each worker")));
}

}  // namespace

constinit const Experiment kImbalanceExperiment = {
    .name = "imbalance",
    .title = "Load balance: who has the most work sets the time",
    .claim =
        "when items take unequal time, equal shards leave workers idle; items claimed as "
        "workers become free keep all of them busy",
    .takeaway =
        "equal work: one shard each; unequal work: more and smaller pieces, claimed one by "
        "one",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
