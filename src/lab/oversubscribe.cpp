#include <algorithm>
#include <deque>
#include <thread>

#include "lab/experiment.h"
#include "lab/training.h"
#include "parallel/progress_counter.h"

namespace trp {
namespace {

constexpr Index kBatch = 128;
constexpr int kStepsTogether = 8;

constexpr const char* kNewThreads = "new threads for each step";
constexpr const char* kPool = "pool: as many awake as CPUs";
constexpr const char* kSpin = "all awake, spin before blocking";
constexpr const char* kBlock = "all awake, block at once";

/// How often a worker has come to the place where all wait for one another.
struct alignas(kCacheLineBytes) Arrivals : ProgressCounter {
  using ProgressCounter::ProgressCounter;
};

/// Steps of work that is over in a few hundred microseconds, each divided among workers who wait
/// for one another: a batch through the network.
struct Steps : ForwardPass {
  explicit Steps(Lab& lab) : ForwardPass(lab, kBatch) {}

  void do_shard(int workers, int shard) { send(split_evenly(kBatch, workers, shard)); }

  void by_new_threads(int workers) {
    std::vector<std::jthread> threads;
    for (int shard = 1; shard < workers; ++shard)
      threads.emplace_back([=, this] { do_shard(workers, shard); });
    do_shard(workers, 0);
  }

  void by_pool(ThreadPool& pool, int workers) {
    pool.run(workers, [&](int shard, int) { do_shard(workers, shard); });
  }

  void all_awake(ThreadPool& pool, int workers, bool spin) {
    std::deque<Arrivals> arrivals;
    for (int worker = 0; worker < workers; ++worker) arrivals.emplace_back(spin);
    pool.run_together(workers, [&](int shard, int) {
      for (int step = 1; step <= kStepsTogether; ++step) {
        do_shard(workers, shard);
        arrivals[static_cast<std::size_t>(shard)].advance();
        for (const Arrivals& all : arrivals) all.wait_for(step);
      }
    });
  }
};

void run(Lab& lab) {
  Steps steps(lab);
  std::vector<int> worker_counts = lab.context.worker_counts;
  worker_counts.push_back(2 * std::max(lab.max_workers(), lab.context.cpus));
  const auto add = [&](const char* name, int steps_per_call, const auto& work) {
    lab.amount = 1e-3 * steps_per_call;
    for (const int workers : worker_counts)
      lab.add(name, workers, [=, &pool = lab.pool(workers)] { work(pool, workers); });
  };
  lab.amount = 1e-3;
  lab.add("sequential", [&] { steps.do_shard(1, 0); });
  add(kNewThreads, 1, [&](ThreadPool&, int workers) { steps.by_new_threads(workers); });
  add(kPool, 1, [&](ThreadPool& pool, int workers) { steps.by_pool(pool, workers); });
  for (const bool spin : {true, false})
    add(spin ? kSpin : kBlock, kStepsTogether,
        [&, spin](ThreadPool& pool, int workers) { steps.all_awake(pool, workers, spin); });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const int too_many = std::ranges::max_element(race.contenders, {}, &Contender::workers)->workers;
  const Spread pool = race.speedup({kPool, workers}, {kNewThreads, workers});
  const Spread fitting = race.speedup({kBlock, workers}, {kBlock, too_many});
  return make_verdict(is_faster(pool) && is_faster(fitting),
                      "a pool of {0} workers is {1}; {0} workers that stay awake are "
                      "{2}.",
                      workers, speed_text(pool, kNewThreads),
                      speed_text(fitting, std::to_string(too_many)));
}

}  // namespace

constinit const Experiment kOversubscribeExperiment = {
    .name = "oversubscribe",
    .section = "Thread overhead",
    .title = "making, waking and waiting for threads",
    .claim =
        "making threads for each step costs more than waking those of a pool, and threads "
        "beyond the number of CPUs only take turns",
    .takeaway =
        "make threads once, no more than CPUs; let waits spin only when each worker has a "
        "CPU",
    .in_earnest = "-j N, which warns when there are more than CPUs",
    .run = run,
    .verdict = verdict,
    .contenders_are = "workers' life",
    .unit = "k steps/s"};

}  // namespace trp
