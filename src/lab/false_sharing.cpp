#include <array>
#include <atomic>
#include <cstdint>

#include <fmt/format.h>

#include "lab/experiment.h"
#include "lab/workers.h"
#include "trp/thread_pool.h"

namespace trp {
namespace {

// Each worker writes to a counter of its own, so plain loads and stores will do.
using Counter = std::atomic<std::int64_t>;

constexpr std::size_t kCountersInLine = kCacheLineBytes / sizeof(Counter);

TRP_SAME_CODE void increment(Counter& counter, Index count) {
  for (Index i = 0; i < count; ++i)
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

Race run(const LabContext& context) {
  const auto count = context.pick<Index>(500'000, 20'000);  // of each worker
  Pools pools(context.cpus);
  alignas(kCacheLineBytes) std::array<Counter, kWorkerCounts.back() * kCountersInLine> counters{};
  Race race = {.cpus = context.cpus};
  const auto add = [&](const std::string& name, std::size_t distance) {
    const auto counter_of = [&counters, distance](int worker) -> Counter& {
      return counters[static_cast<std::size_t>(worker) * distance];
    };
    for (const int workers : kWorkerCounts) {
      const Work work = [counter_of, workers, count, &pool = pools.of(workers)] {
        pool.run_together(workers, [&](int w, int) { increment(counter_of(w), count); });
      };
      race.check = [&counters, counter_of, workers, count](const Work& increments) {
        for (Counter& counter : counters) counter = 0;
        increments();
        bool right = true;
        for (int worker = 0; worker < workers; ++worker) right &= counter_of(worker) == count;
        return right;
      };
      race.add({name, workers, 1e-6 * static_cast<double>(count) * workers}, work);
    }
  };
  add("side by side", 1);
  add("a cache line apart", kCountersInLine);
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "counters", "million increments/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread apart = race.speedup({"a cache line apart", workers}, {"side by side", workers});
  return make_verdict(is_faster(apart),
                      fmt::format("with {} workers, counters a cache line apart are {}.", workers,
                                  speed_text(apart, "counters side by side")));
}

}  // namespace

constinit const Experiment kFalseSharingExperiment = {
    .name = "false-sharing",
    .title = "Pitfall: false sharing",
    .claim =
        "workers that write to different variables in one cache line disturb one another as if "
        "they shared a variable",
    .takeaway =
        "what different workers write often belongs on cache lines of its own: "
        "alignas(64)",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
