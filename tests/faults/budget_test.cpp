// Delays put into a training on purpose: the efficiency budget has to name each of them. What is
// compared is always a share of what was put in; as the machine may be busy with other things, the
// best of several trainings counts.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "catch.h"
#include "data/synthetic.h"
#include "faults/wrapped_functions.h"
#include "measure/budget.h"
#include "strategy/phase.h"
#include "train/run_options.h"
#include "trp/train.h"

namespace trp {
namespace {

const std::atomic<bool> kNeverStop{false};
constexpr auto kDelay = std::chrono::milliseconds(3);
constexpr int kAttempts = 8;
constexpr double kSeenShare = 0.8;

std::atomic<int> delayed_work{-1};
std::atomic<int> delays_left{0};  // for the step at hand
std::atomic<int> delays_done{0};

void enter(Work work) {
  if (work != delayed_work || delays_left.fetch_sub(1) <= 0) return;
  std::this_thread::sleep_for(kDelay);
  ++delays_done;
}

struct Measured {
  Budget budget;
  double delayed_seconds = 0;
};

/// With a delay in the first work of this kind in every step.
Measured measure(RunOptions options, int workers, int work, const DataSets& data) {
  delayed_work = work;
  delays_left = 1;
  delays_done = 0;
  ThreadPool pool(workers, workers);
  PhaseRecorder recorder(kTrainingPhases, workers, workers);
  train(options, data, pool,
        {.step = [](const StepReport&) { delays_left = 1; }, .recorder = &recorder}, kNeverStop);
  delayed_work = -1;
  const PhaseTimes times = recorder.times();
  return {make_budget(times, times), delays_done * std::chrono::duration<double>(kDelay).count()};
}

RunOptions small_options(const Plan& strategy) {
  RunOptions options;
  options.recipe.hidden = {20};
  options.recipe.class_count = 4;
  options.recipe.epochs = 1;
  options.recipe.batch_size = 16;
  options.plan = strategy;
  return options;
}

/// By how much the part rises, as a share of the delays; the best of several trainings.
double seen_share(const RunOptions& options, int work, BudgetPart part, double wanted) {
  const DataSets data = synthetic_data(16 * 20, 16, 30, 4);
  double best = 0;
  for (int attempt = 0; attempt < kAttempts && best < wanted; ++attempt) {
    const double without = measure(options, 2, -1, data).budget.of(part);
    const Measured with = measure(options, 2, work, data);
    REQUIRE(with.delayed_seconds > 0);
    best = std::max(best, (with.budget.of(part) - without) / with.delayed_seconds);
  }
  return best;
}

/// A process that does nothing but use a CPU, from the time it is made.
class BusyProcess {
 public:
  BusyProcess() : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (std::atomic<unsigned> rounds = 0;;) ++rounds;
  }
  ~BusyProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  BusyProcess(const BusyProcess&) = delete;
  BusyProcess& operator=(const BusyProcess&) = delete;

  double cpu_seconds() const {
    clockid_t clock = 0;
    timespec time = {};
    REQUIRE(clock_getcpuclockid(pid_, &clock) == 0);
    REQUIRE(clock_gettime(clock, &time) == 0);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }

 private:
  pid_t pid_;
};

/// Keeps this thread, and processes that it makes, on one of its CPUs.
class OneCpuScope {
 public:
  OneCpuScope() {
    sched_getaffinity(0, sizeof(before_), &before_);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &before_)) ++cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof(one), &one);
  }
  ~OneCpuScope() { sched_setaffinity(0, sizeof(before_), &before_); }
  OneCpuScope(const OneCpuScope&) = delete;
  OneCpuScope& operator=(const OneCpuScope&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace

TEST_CASE("a worker that sleeps shows as imbalance") {
  const RunOptions options = small_options({.strategy = StrategyKind::kData});
  CHECK(seen_share(options, kLoss, BudgetPart::kImbalance, kSeenShare) >= kSeenShare);
}

TEST_CASE("a lock of the merge that is held for long shows as waiting for locks") {
  const RunOptions options =
      small_options({.strategy = StrategyKind::kData, .merge = MergeKind::kOrdered});
  CHECK(seen_share(options, kBiasGradient, BudgetPart::kMergeWait, kSeenShare) >= kSeenShare);
}

TEST_CASE("a slow loader shows as waiting for data") {
  RunOptions options = small_options({.strategy = StrategyKind::kData});
  options.plan.loaders = 1;
  options.plan.queue = 1;
  const double wanted = 2 * kSeenShare;  // both workers wait for it
  CHECK(seen_share(options, kGather, BudgetPart::kLoad, wanted) >= wanted);
}

TEST_CASE("another busy process shows as time given to others") {
  const OneCpuScope one_cpu;
  RunOptions options = small_options({.strategy = StrategyKind::kSequential});
  options.recipe.hidden = {200};
  options.recipe.batch_size = 64;
  options.recipe.epochs = 32;  // many turns of the scheduler long, on fast processors too
  const DataSets data = synthetic_data(2000, 16, 200, 4);
  double best = 0;
  for (int attempt = 0; attempt < kAttempts && best < kSeenShare; ++attempt) {
    const double without = measure(options, 1, -1, data).budget.of(BudgetPart::kPreempted);
    const BusyProcess other;
    const double before = other.cpu_seconds();
    const double with = measure(options, 1, -1, data).budget.of(BudgetPart::kPreempted);
    best = std::max(best, (with - without) / (other.cpu_seconds() - before));
  }
  CHECK(best >= kSeenShare);
}

}  // namespace trp
