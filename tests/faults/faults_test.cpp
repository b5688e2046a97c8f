// An exception in any strategy, kind of work and worker: the functions that do the work throw when
// it is their turn.
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "catch.h"
#include "data/synthetic.h"
#include "faults/wrapped_functions.h"
#include "strategy/all_plans.h"
#include "train/run_options.h"
#include "trp/train.h"

namespace trp {
namespace {

std::atomic<int> calls[kWorkCount];
std::atomic<int> faulty_work{-1};
std::atomic<int> faulty_call{0};

std::mutex threads_mutex;
std::set<std::thread::id> gradient_threads;  // guarded by threads_mutex

void enter(Work work) {
  if (work == kWeightGradient) {
    const std::lock_guard lock(threads_mutex);
    gradient_threads.insert(std::this_thread::get_id());
  }
  const int call = ++calls[work];
  if (work == faulty_work && call == faulty_call) throw std::runtime_error("the fault");
}

}  // namespace

namespace {

const std::atomic<bool> kNeverStop{false};

void arm(int work, int call) {
  for (auto& count : calls) count = 0;
  faulty_work = work;
  faulty_call = call;
}

}  // namespace

TEST_CASE(
    "an exception in any strategy, kind of work and worker ends the training, and does no harm") {
  // Three batches, the last one smaller.
  const DataSets data = synthetic_data(40, 8, 20, 4);
  RunOptions options;
  options.recipe.hidden = {33, 17};
  options.recipe.class_count = 4;
  options.recipe.epochs = 1;
  options.recipe.batch_size = 16;
  for (const NamedPlan& named : kAllPlans)
    for (const float clip_norm : {0.0F, 0.5F})
      for (const int loaders : {0, 2})
        for (const int workers : {1, 2, 3, 8}) {
          ThreadPool pool(workers, workers);
          options.plan = named.plan;
          options.recipe.clip_norm = clip_norm;
          options.plan.loaders = loaders;
          arm(-1, 0);
          const std::string expected = train(options, data, pool, {}, kNeverStop).weights;
          int calls_of_work[kWorkCount];
          for (int work = 0; work < kWorkCount; ++work) calls_of_work[work] = calls[work];
          for (int work = 0; work < kWorkCount; ++work) {
            INFO(named.name << ", " << workers << " workers, " << loaders << " loaders, work "
                            << work);
            // Evaluation goes forward too, one call for each layer at least.
            const int count = calls_of_work[work] - (work == kForward ? 3 : 0);
            REQUIRE(count > 0);
            for (const int call : {1, 2, 3, count / 3, count / 2, count}) {
              if (call < 1 || call > count) continue;
              arm(work, call);
              const auto begin = std::chrono::steady_clock::now();
              REQUIRE_THROWS_WITH(train(options, data, pool, {}, kNeverStop), "the fault");
              // A limit of the contract, not a measurement: what hangs would hang for ever.
              REQUIRE(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
            }
          }
          arm(-1, 0);
          const std::string again = train(options, data, pool, {}, kNeverStop).weights;
          if (named.name != kArrivalPlan.name) REQUIRE(again == expected);
        }
}

TEST_CASE("every parallel strategy has two workers at work") {
  const DataSets data = synthetic_data(640, 8, 200, 4);
  RunOptions options;
  options.recipe.hidden = {133, 67};  // enough for a worker on a far core to get some of it
  options.recipe.class_count = 4;
  options.recipe.epochs = 1;
  arm(-1, 0);
  ThreadPool pool(2, 2);
  for (const NamedPlan& named : kSameBitPlans) {
    if (named.plan.strategy == StrategyKind::kSequential) continue;
    INFO(named.name);
    options.plan = named.plan;
    gradient_threads.clear();
    // On a crowded machine one of them may for a while be too late for everything.
    for (int i = 0; i < 1000 && gradient_threads.size() < 2; ++i)
      train(options, data, pool, {}, kNeverStop);
    CHECK(gradient_threads.size() == 2);
  }
}

}  // namespace trp
