#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiment.h"
#include "lab/workers.h"
#include "trp/thread_pool.h"

namespace trp {
namespace {

struct alignas(kCacheLineBytes) Shard {
  std::atomic<std::int64_t> count{0};
};

/// What all workers count in, in three ways.
struct Counter {
  std::mutex mutex;
  std::int64_t under_mutex = 0;
  alignas(kCacheLineBytes) std::atomic<std::int64_t> atomic{0};
  std::array<Shard, kWorkerCounts.back()> shards;

  void add_under_mutex() {
    const std::lock_guard lock(mutex);
    ++under_mutex;
  }
  void add_atomically() { atomic.fetch_add(1, std::memory_order_relaxed); }
  void add_to_shard(int shard) {
    shards[static_cast<std::size_t>(shard)].count.fetch_add(1, std::memory_order_relaxed);
  }

  std::int64_t total() const {
    std::int64_t sum = under_mutex + atomic;
    for (const Shard& shard : shards) sum += shard.count;
    return sum;
  }
};

Race run(const LabContext& context) {
  const auto count = context.pick<Index>(200'000, 10'000);  // of all workers together
  Pools pools(context.cpus);
  Counter counter;
  Race race = {.cpus = context.cpus};
  race.check = [&](const Work& work) {
    const std::int64_t before = counter.total();
    work();
    return counter.total() - before == count;
  };
  const auto add = [&](const std::string& name, const auto& increment) {
    add_for_each_count(race, name, 1e-6 * static_cast<double>(count), [&, increment](int workers) {
      pools.of(workers).run_together(workers, [&](int worker, int) {
        const Index own = split_evenly(count, workers, worker).size();
        for (Index i = 0; i < own; ++i) increment(worker);
      });
    });
  };
  add("mutex", [&](int) { counter.add_under_mutex(); });
  add("atomic", [&](int) { counter.add_atomically(); });
  add("sharded", [&](int worker) { counter.add_to_shard(worker); });
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "counter", "million increments/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread sharded = race.speedup({"sharded", workers}, {"mutex", workers});
  const Spread mutex = race.speedup({"mutex", workers}, {"mutex", 1});
  return make_verdict(
      is_faster(sharded) && !is_faster(mutex),
      fmt::format("under a mutex {} workers are {}; with a counter each they are {}.", workers,
                  speed_text(mutex, "one"), speed_text(sharded, "under the mutex")));
}

}  // namespace

constinit const Experiment kLockingExperiment = {
    .name = "locking",
    .title = "Shared state: one counter for all",
    .claim =
        "what all workers write lets one of them go on at a time, however many there are; a "
        "counter of its own for each lets all go on",
    .takeaway = "give each worker its own, and add up at the end",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
