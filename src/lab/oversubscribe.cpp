#include <array>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"
#include "parallel/progress_counter.h"
#include "trp/thread_pool.h"

namespace trp {
namespace {

constexpr Index kBatch = 128;
constexpr int kStepsTogether = 8;
constexpr std::array<int, 5> kCounts = {1, 2, 4, 8, 16};

/// Where workers wait until all have come, again and again.
class Meeting {
 public:
  Meeting(int workers, bool spins) {
    for (int worker = 0; worker < workers; ++worker) arrivals_.emplace_back(spins);
  }

  /// `times`: how often the worker has met the others, this time included.
  void meet(int worker, int times) {
    arrivals_[static_cast<std::size_t>(worker)].count.advance();
    for (Arrival& arrival : arrivals_) arrival.count.wait_for(times);
  }

 private:
  struct alignas(kCacheLineBytes) Arrival {
    explicit Arrival(bool spins) : count(spins) {}
    ProgressCounter count;
  };
  std::deque<Arrival> arrivals_;
};

Race run(const LabContext& context) {
  // Steps of work that is over in a few hundred microseconds, each divided among workers who wait
  // for one another: a batch through the network.
  ForwardPass pass(context, kBatch);
  Pools pools(context.cpus, kCounts);
  const auto do_shard = [&](int workers, int shard) {
    pass.send(split_evenly(kBatch, workers, shard));
  };

  Race race = {.cpus = context.cpus};
  race.check = pass.check();
  const auto add = [&](const std::string& name, int steps, const std::function<void(int)>& work) {
    add_for_each_count(race, name, 1e-3 * steps, work, kCounts);
  };
  race.add({"sequential", 1, 1e-3}, [&] { do_shard(1, 0); });
  add("new threads for each step", 1, [&](int workers) {
    std::vector<std::thread> threads;
    for (int shard = 1; shard < workers; ++shard) threads.emplace_back(do_shard, workers, shard);
    do_shard(workers, 0);
    for (std::thread& thread : threads) thread.join();
  });
  add("pool: as many awake as CPUs", 1, [&](int workers) {
    pools.of(workers).run(workers, [&](int shard, int) { do_shard(workers, shard); });
  });
  for (const bool spins : {true, false})
    add(spins ? "all awake, spin before blocking" : "all awake, block at once", kStepsTogether,
        [&, spins](int workers) {
          Meeting meeting(workers, spins);
          pools.of(workers).run_together(workers, [&](int shard, int) {
            for (int step = 1; step <= kStepsTogether; ++step) {
              do_shard(workers, shard);
              meeting.meet(shard, step);
            }
          });
        });
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "workers' life", "thousand steps/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread pool = race.speedup({"pool: as many awake as CPUs", workers},
                                   {"new threads for each step", workers});
  const Spread fitting = race.speedup({"all awake, block at once", workers},
                                      {"all awake, block at once", kCounts.back()});
  return make_verdict(
      is_faster(pool) && is_faster(fitting),
      fmt::format("a pool of {0} workers is {1}; {0} workers that stay awake are {2}.", workers,
                  speed_text(pool, "new threads for each step"), speed_text(fitting, "16")));
}

}  // namespace

constinit const Experiment kOversubscribeExperiment = {
    .name = "oversubscribe",
    .title = "Thread overhead: making, waking and waiting for threads",
    .claim =
        "making threads for each step costs more than waking those of a pool, and threads "
        "beyond the number of CPUs only take turns",
    .takeaway =
        "make threads once, no more than CPUs; let waits spin only when each worker has a "
        "CPU",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
