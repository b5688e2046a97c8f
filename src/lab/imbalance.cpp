#include <cstdint>

#include "lab/experiment.h"

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

void run(Lab& lab) {
  const Index scale = lab.pick<Index>(20, 2);
  // As much work in all; of the uneven items the last shard has most.
  const auto even = [scale](Index) { return scale * (kItems - 1) / 2; };
  const auto uneven = [scale](Index item) { return scale * item; };
  std::vector<std::uint64_t> results(kItems);
  lab.reset = [&] { results.assign(kItems, 0); };
  const auto check = [&](const auto& steps_of) {
    lab.is_right = [&results, steps_of] {
      bool right = true;
      for (Index item = 0; item < kItems; ++item)
        right &= results[static_cast<std::size_t>(item)] == jump(steps_of(item));
      return right;
    };
  };
  const auto do_items = [&results](Range items, const auto& steps_of) {
    for (Index item = items.begin; item < items.end; ++item)
      results[static_cast<std::size_t>(item)] = work_through(steps_of(item));
  };
  lab.amount = 1e-3 * kItems;
  check(uneven);
  lab.add("uneven, sequential", [&] { do_items({0, kItems}, uneven); });
  lab.add_shared_out("uneven items, a shard each", kItems,
                     [&](Range shard, int) { do_items(shard, uneven); });
  for (const Index at_a_time : {1, 16})
    lab.add_for_each_count(
        fmt::format("uneven items, claimed {} at a time", at_a_time), [&, at_a_time](int workers) {
          lab.pool(workers).run(static_cast<int>(kItems / at_a_time), [&](int part, int) {
            do_items({part * at_a_time, (part + 1) * at_a_time}, uneven);
          });
        });
  check(even);
  lab.add_shared_out("even items, a shard each", kItems,
                     [&](Range shard, int) { do_items(shard, even); });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread claimed = race.speedup({"uneven items, claimed 1 at a time", workers},
                                      {"uneven items, a shard each", workers});
  return make_verdict(is_faster(claimed),
                      "with {} workers, uneven items claimed one at a time are {}.", workers,
                      speed_text(claimed, "a shard for each worker"));
}

}  // namespace

constinit const Experiment kImbalanceExperiment = {
    .name = "imbalance",
    .section = "Balance load",
    .title = "who has the most work sets the time",
    .claim =
        "when items take unequal time, equal shards leave workers idle; items claimed as "
        "workers become free keep all of them busy",
    .takeaway =
        "equal work: one shard each; unequal work: more and smaller pieces, claimed one by "
        "one",
    .in_earnest = "--time, which tells imbalance from other losses",
    .run = run,
    .verdict = verdict,
    .contenders_are = "items",
    .unit = "k items/s"};

}  // namespace trp
