#include <memory>
#include <thread>

#include <fmt/format.h>

#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/workers.h"
#include "nn/mlp.h"
#include "parallel/progress_counter.h"

namespace trp {
namespace {

constexpr std::array<int, 5> kCounts = {1, 2, 4, 8, 16};

/// Where workers wait until all have come. May be used again and again.
class Meeting {
 public:
  Meeting(int workers, bool spins) {
    for (int worker = 0; worker < workers; ++worker)
      arrivals_.push_back(std::make_unique<Arrival>(spins));
  }

  /// `times`: how often the worker has met the others, this time included.
  void meet(int worker, int times) {
    arrivals_[static_cast<std::size_t>(worker)]->count.advance();
    for (const auto& arrival : arrivals_) arrival->count.wait_for(times);
  }

  void reset() {
    for (const auto& arrival : arrivals_) arrival->count.reset();
  }

 private:
  struct alignas(kCacheLineBytes) Arrival {
    explicit Arrival(bool spins) : count(spins) {}
    ProgressCounter count;
  };
  std::vector<std::unique_ptr<Arrival>> arrivals_;
};

/// Steps of work that is over in a few hundred microseconds, each divided among workers who wait
/// for one another: a batch through the network.
class Steps {
 public:
  explicit Steps(const LabContext& context)
      : mlp_(make_lab_network(context)),
        batch_(first_samples(context, kBatch)),
        expected_(mlp_, batch_),
        activations_(make_activations(mlp_, kBatch)) {}

  void sequential() { forward(mlp_, batch_.input(), {0, kBatch}, activations_); }

  void new_threads(int workers) {
    std::vector<std::thread> threads;
    for (int shard = 1; shard < workers; ++shard)
      threads.emplace_back([this, workers, shard] { do_shard(workers, shard); });
    do_shard(workers, 0);
    for (std::thread& thread : threads) thread.join();
  }

  void in_pool(ThreadPool& pool) {
    const int workers = pool.worker_count();
    pool.run(workers, [&](int shard, int) { do_shard(workers, shard); });
  }

  /// All workers stay awake for `steps` steps and meet after each.
  void together(int steps, ThreadPool& pool, Meeting& meeting) {
    const int workers = pool.worker_count();
    meeting.reset();
    pool.run_together(workers, [&](int shard, int) {
      for (int step = 1; step <= steps; ++step) {
        do_shard(workers, shard);
        meeting.meet(shard, step);
      }
    });
  }

  bool gives_outputs(const Work& work) {
    activations_ = make_activations(mlp_, kBatch);
    work();
    return expected_.match(activations_.outputs.back());
  }

 private:
  static constexpr Index kBatch = 128;

  void do_shard(int workers, int shard) {
    forward(mlp_, batch_.input(), split_evenly(kBatch, workers, shard), activations_);
  }

  const Mlp mlp_;
  const Batch batch_;
  const ExpectedOutputs expected_;
  Activations activations_;
};

Findings run(const LabContext& context) {
  constexpr int kStepsTogether = 8;
  Steps steps(context);
  Pools pools(kCounts, context.cpus);
  Contest contest;
  bool correct = true;
  const auto add = [&](const std::string& name, int workers, double amount, const Work& work) {
    correct &= steps.gives_outputs(work);
    return contest.add(name, workers, 1e-3 * amount, work);
  };

  add("sequential", 1, 1, [&] { steps.sequential(); });
  const int judged = judged_workers(context.cpus);
  std::size_t created = 0;
  std::size_t pooled = 0;
  for (const int workers : kCounts) {
    const auto way = add("new threads for each step", workers, 1,
                         [&steps, workers] { steps.new_threads(workers); });
    if (workers == judged) created = way;
  }
  for (const int workers : kCounts) {
    const auto way = add("pool: as many awake as CPUs", workers, 1,
                         [&steps, &pool = pools.of(workers)] { steps.in_pool(pool); });
    if (workers == judged) pooled = way;
  }
  std::vector<std::unique_ptr<Meeting>> meetings;
  std::size_t fitting = 0;
  std::size_t too_many = 0;
  for (const bool spins : {true, false}) {
    for (const int workers : kCounts) {
      meetings.push_back(std::make_unique<Meeting>(workers, spins));
      const auto way =
          add(spins ? "all awake, spin before blocking" : "all awake, block at once", workers,
              kStepsTogether, [&steps, &pool = pools.of(workers), &meeting = *meetings.back()] {
                steps.together(kStepsTogether, pool, meeting);
              });
      if (!spins && workers == judged) fitting = way;
      if (!spins && workers == kCounts.back()) too_many = way;
    }
  }
  contest.run(context.seconds());
  return {contest.table("workers' life", "thousand steps/s", context.cpus), correct,
          oversubscribe_verdict(judged, contest.speedup(pooled, created),
                                contest.speedup(fitting, too_many))};
}

}  // namespace

Verdict oversubscribe_verdict(int workers, const Spread& pool_against_creation,
                              const Spread& fitting_against_sixteen) {
  return make_verdict(
      is_faster(pool_against_creation) && is_faster(fitting_against_sixteen),
      fmt::format("a pool of {0} workers is {1}; {0} workers that stay awake are {2}.", workers,
                  speed_text(pool_against_creation, "new threads for each step"),
                  speed_text(fitting_against_sixteen, "16")));
}

constinit const Experiment kOversubscribeExperiment = {
    .name = "oversubscribe",
    .title = "Thread overhead: making, waking and waiting for threads",
    .claim =
        "making threads for each step costs more than waking those of a pool, and threads "
        "beyond the number of CPUs only take turns",
    .takeaway =
        "make threads once, no more than CPUs; let waits spin only when each worker has a "
        "CPU",
    .run = run};

}  // namespace trp
