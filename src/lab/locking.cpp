#include <atomic>
#include <cstdint>
#include <mutex>

#include "lab/experiment.h"

namespace trp {
namespace {

struct alignas(kCacheLineBytes) Counter {
  std::atomic<std::int64_t> count{0};
};

void run(Lab& lab) {
  const auto count = lab.pick<Index>(200'000, 10'000);  // of all workers together
  std::mutex mutex;
  std::int64_t under_mutex = 0;
  Counter atomic;
  std::vector<Counter> shards(static_cast<std::size_t>(lab.max_workers()));
  lab.amount = 1e-6 * static_cast<double>(count);
  lab.reset = [&] {
    under_mutex = 0;
    atomic.count = 0;
    for (Counter& shard : shards) shard.count = 0;
  };
  lab.is_right = [&] {
    std::int64_t total = under_mutex + atomic.count;
    for (const Counter& shard : shards) total += shard.count;
    return total == count;
  };
  const auto add = [&](const char* name, const auto& increment) {
    lab.add_for_each_count(name, [&, increment](int workers) {
      lab.pool(workers).run_together(workers, [&](int worker, int) {
        const Index own = split_evenly(count, workers, worker).size();
        for (Index i = 0; i < own; ++i) increment(static_cast<std::size_t>(worker));
      });
    });
  };
  add("mutex", [&](std::size_t) {
    const std::lock_guard lock(mutex);
    ++under_mutex;
  });
  add("atomic", [&](std::size_t) { atomic.count.fetch_add(1, std::memory_order_relaxed); });
  add("sharded",
      [&](std::size_t worker) { shards[worker].count.fetch_add(1, std::memory_order_relaxed); });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread sharded = race.speedup({"sharded", workers}, {"mutex", workers});
  const Spread mutex = race.speedup({"mutex", workers}, {"mutex", 1});
  return make_verdict(is_faster(sharded) && !is_faster(mutex),
                      "under a mutex {} workers are {}; with a counter each they are {}.", workers,
                      speed_text(mutex, "one"), speed_text(sharded, "under the mutex"));
}

}  // namespace

constinit const Experiment kLockingExperiment = {
    .name = "locking",
    .section = "Shared state",
    .title = "one counter for all",
    .claim =
        "what all workers write lets one of them go on at a time, however many there are; a "
        "counter of its own for each lets all go on",
    .takeaway = "give each worker its own, and add up at the end",
    .run = run,
    .verdict = verdict,
    .contenders_are = "counter",
    .unit = "M increments/s"};

}  // namespace trp
