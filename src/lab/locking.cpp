#include <atomic>
#include <mutex>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/verdicts.h"
#include "lab/workers.h"

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

  void add_under_mutex(int) {
    const std::lock_guard lock(mutex);
    ++under_mutex;
  }
  void add_atomically(int) { atomic.fetch_add(1, std::memory_order_relaxed); }
  void add_to_shard(int shard) {
    shards[static_cast<std::size_t>(shard)].count.fetch_add(1, std::memory_order_relaxed);
  }

  std::int64_t total() const {
    std::int64_t sum = under_mutex + atomic;
    for (const Shard& shard : shards) sum += shard.count;
    return sum;
  }
};

template <class Add>
Work count_together(int workers, Index count, Pools& pools, const Add& add) {
  return [&pools, workers, count, add] {
    pools.of(workers).run_together(workers, [&](int worker, int) {
      const Index own = split_evenly(count, workers, worker).size();
      for (Index i = 0; i < own; ++i) add(worker);
    });
  };
}

Findings run(const LabContext& context) {
  const auto count = context.pick<Index>(200'000, 10'000);
  Pools pools(kWorkerCounts, context.cpus);
  Counter counter;
  const int judged = judged_workers(context.cpus);
  Contest contest;
  bool correct = true;
  struct Judged {
    std::size_t one = 0;
    std::size_t most = 0;
  };
  const auto add_ways = [&](const std::string& name, const auto& add) {
    Judged ways;
    for (const int workers : kWorkerCounts) {
      const Work work = count_together(workers, count, pools, add);
      const std::int64_t before = counter.total();
      work();
      correct &= counter.total() - before == count;
      const auto way = contest.add(name, workers, 1e-6 * static_cast<double>(count), work);
      if (workers == 1) ways.one = way;
      if (workers == judged) ways.most = way;
    }
    return ways;
  };
  const Judged mutex = add_ways("mutex", [&](int worker) { counter.add_under_mutex(worker); });
  add_ways("atomic", [&](int worker) { counter.add_atomically(worker); });
  const Judged sharded = add_ways("sharded", [&](int worker) { counter.add_to_shard(worker); });
  contest.run(context.seconds());
  return {contest.table("counter", "million increments/s", context.cpus), correct,
          locking_verdict(judged, contest.speedup(sharded.most, mutex.most),
                          contest.speedup(mutex.most, mutex.one))};
}

}  // namespace

Verdict locking_verdict(int workers, const Spread& sharded_against_mutex,
                        const Spread& mutex_against_one_worker) {
  return make_verdict(
      is_faster(sharded_against_mutex) && !is_faster(mutex_against_one_worker),
      fmt::format("under a mutex {} workers are {}; with a counter each they are {}.", workers,
                  speed_text(mutex_against_one_worker, "one"),
                  speed_text(sharded_against_mutex, "under the mutex")));
}

constinit const Experiment kLockingExperiment = {
    .name = "locking",
    .title = "Shared state: one counter for all",
    .claim =
        "what all workers write lets one of them go on at a time, however many there are; a "
        "counter of its own for each lets all go on",
    .takeaway = "give each worker its own, and add up at the end",
    .run = run};

}  // namespace trp
