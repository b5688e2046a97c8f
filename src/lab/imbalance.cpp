#include <cstdint>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/verdicts.h"
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

Findings run(const LabContext& context) {
  const Index scale = context.pick<Index>(20, 2);
  std::vector<Index> even;
  std::vector<Index> uneven;
  for (Index i = 0; i < kItems; ++i) {
    even.push_back(scale * (kItems - 1) / 2);
    uneven.push_back(scale * i);  // the last shard has most of the work
  }
  Items even_items(std::move(even));
  Items uneven_items(std::move(uneven));
  Pools pools(kWorkerCounts, context.cpus);

  const auto in_shards = [&](Items& items, int workers) {
    pools.of(workers).run(
        workers, [&](int shard, int) { items.work(split_evenly(kItems, workers, shard)); });
  };
  const auto claimed = [&](Items& items, int workers, Index at_a_time) {
    const auto count = static_cast<int>(kItems / at_a_time);
    pools.of(workers).run(count, [&](int part, int) {
      items.work({part * at_a_time, (part + 1) * at_a_time});
    });
  };

  Contest contest;
  bool correct = true;
  const auto add = [&](const std::string& name, int workers, Items& items, const Work& work) {
    items.results.assign(items.results.size(), 0);
    work();
    correct &= items.correct();
    return contest.add(name, workers, 1e-3 * kItems, work);
  };
  const int judged = judged_workers(context.cpus);
  std::size_t judged_shards = 0;
  std::size_t judged_claimed = 0;
  add("uneven, sequential", 1, uneven_items, [&] { uneven_items.work({0, kItems}); });
  for (const int workers : kWorkerCounts)
    add("even items, a shard each", workers, even_items,
        [&, workers] { in_shards(even_items, workers); });
  for (const int workers : kWorkerCounts) {
    const auto way = add("uneven items, a shard each", workers, uneven_items,
                         [&, workers] { in_shards(uneven_items, workers); });
    if (workers == judged) judged_shards = way;
  }
  for (const Index at_a_time : {1, 16}) {
    for (const int workers : kWorkerCounts) {
      const auto way =
          add(fmt::format("uneven items, claimed {} at a time", at_a_time), workers, uneven_items,
              [&, workers, at_a_time] { claimed(uneven_items, workers, at_a_time); });
      if (workers == judged && at_a_time == 1) judged_claimed = way;
    }
  }
  contest.run(context.seconds());
  return {contest.table("items", "thousand items/s", context.cpus), correct,
          imbalance_verdict(judged, contest.speedup(judged_claimed, judged_shards))};
}

}  // namespace

Verdict imbalance_verdict(int workers, const Spread& claimed) {
  return make_verdict(is_faster(claimed),
                      fmt::format("with {} workers, uneven items claimed one at a time are {}.",
                                  workers, speed_text(claimed, "a shard for each worker")));
}

constinit const Experiment kImbalanceExperiment = {
    .name = "imbalance",
    .title = "Load balance: who has the most work sets the time",
    .claim =
        "when items take unequal time, equal shards leave workers idle; items claimed as "
        "workers become free keep all of them busy",
    .takeaway =
        "equal work: one shard each; unequal work: more and smaller pieces, claimed one by "
        "one",
    .run = run};

}  // namespace trp
