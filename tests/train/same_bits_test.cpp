// One arithmetic, many plans: the digest of a whole training depends on data and options alone.
#include "catch.h"
#include "data/synthetic.h"
#include "nn/optimizer.h"
#include "sanitized.h"
#include "strategy/named_plans.h"
#include "train/image_data.h"
#include "train/run_options.h"
#include "trp/mlp.h"
#include "trp/train.h"

using namespace trp;

namespace {

const std::atomic<bool> kNeverStop{false};
const std::vector<OptimizerOptions> kOptimizerOptions = {
    {}, {.momentum = 0.9F, .weight_decay = 0.01F, .clip_norm = 0.5F}};

/// Without noise the zeros of bytes are skipped.
const std::vector<AugmentOptions> kAugmentOptions = {
    {}, {.noise = false, .shift = true}, {.noise = true, .shift = true}};

std::string digest_of(const RunOptions& options, const DataSets& data, ThreadPool& pool) {
  return train(options, data, pool, {}, kNeverStop).weights;
}

std::string sequential_digest(RunOptions options, const DataSets& data) {
  ThreadPool pool(1, 1);
  options.plan = {.strategy = StrategyKind::kSequential};
  options.plan.loaders = 0;
  return digest_of(options, data, pool);
}

}  // namespace

TEST_CASE("the same bits from every strategy, worker, loader, batch size and augmentation") {
  const auto batch_sizes =
      kThreadSanitizer ? std::vector<Index>{7, 100} : std::vector<Index>{1, 7, 32, 100, 256};
  const auto worker_counts =
      kThreadSanitizer ? std::vector{1, 2, 3, 4, 8} : std::vector{1, 2, 3, 4, 5, 7, 8, 16};
  for (const Index batch_size : batch_sizes) {
    // A whole batch at least, and one of another size.
    const DataSets data = image_data(batch_size < 32 ? 37 : batch_size + 13);
    for (const AugmentOptions& augment : kAugmentOptions)
      for (const OptimizerOptions& optimizer : kOptimizerOptions) {
        RunOptions options;
        options.recipe.hidden = {50, 20};
        options.recipe.class_count = 5;
        options.recipe.epochs = batch_size < 32 ? 1 : 2;
        options.recipe.batch_size = batch_size;
        options.recipe.augment = augment;
        options.recipe.momentum = optimizer.momentum;
        options.recipe.weight_decay = optimizer.weight_decay;
        options.recipe.clip_norm = optimizer.clip_norm;
        const std::string expected = sequential_digest(options, data);
        for (const int workers : worker_counts) {
          ThreadPool pool(workers, workers);
          for (const NamedPlan& named : kSameBitPlans)
            for (const int loaders : {0, 1, 3}) {
              options.plan = named.plan;
              options.plan.loaders = loaders;
              options.plan.queue = 1 + workers % 4;
              INFO(named.name << ", " << workers << " workers, batch " << batch_size << ", "
                              << loaders << " loaders, noise " << augment.noise << ", shift "
                              << augment.shift << ", momentum " << optimizer.momentum);
              REQUIRE(digest_of(options, data, pool) == expected);
            }
        }
      }
  }
}

TEST_CASE("the same bits from networks of odd sizes and pipelines of any number of micro-batches") {
  const DataSets data = image_data(45);
  for (const std::vector<Index>& hidden :
       {std::vector<Index>{}, std::vector<Index>{1}, std::vector<Index>{3, 100, 2},
        std::vector<Index>{17, 16, 15, 33, 5}})
    for (const Index batch_size : {1, 3, 20})
      for (const OptimizerOptions& optimizer : kOptimizerOptions) {
        RunOptions options;
        options.recipe.hidden = hidden;
        options.recipe.class_count = 5;
        options.recipe.epochs = 1;
        options.recipe.batch_size = batch_size;
        options.recipe.momentum = optimizer.momentum;
        options.recipe.weight_decay = optimizer.weight_decay;
        options.recipe.clip_norm = optimizer.clip_norm;
        const std::string expected = sequential_digest(options, data);
        for (const int workers : {2, 3, 8}) {
          // Fewer CPUs than workers: tasks and stages share them.
          ThreadPool pool(workers, 2);
          for (const NamedPlan& named : kSameBitPlans)
            for (const int micro_batches : {1, 2, 5, 64}) {
              options.plan = named.plan;
              options.plan.micro_batches = micro_batches;
              INFO(named.name << ", " << workers << " workers, batch " << batch_size << ", "
                              << hidden.size() << " hidden layers, " << micro_batches
                              << " micro-batches");
              REQUIRE(digest_of(options, data, pool) == expected);
              if (named.plan.strategy != StrategyKind::kPipeline) break;
            }
        }
      }
}

TEST_CASE("a pipeline tells its stages at the start and its bubble at the end, others do not") {
  const DataSets data = image_data(45);
  for (const NamedPlan& named : kSameBitPlans) {
    RunOptions options;
    options.recipe.hidden = {40, 30};
    options.recipe.class_count = 5;
    options.recipe.epochs = 1;
    options.recipe.batch_size = 20;
    options.plan = named.plan;
    ThreadPool pool(2, 2);
    TrainStart start;
    const TrainResult result =
        train(options, data, pool, {.start = [&](const TrainStart& s) { start = s; }}, kNeverStop);
    REQUIRE(start.stages.empty() == (options.plan.strategy != StrategyKind::kPipeline));
    REQUIRE(result.bubble.has_value() == !start.stages.empty());
    if (start.stages.empty()) continue;
    CHECK(start.stages == std::vector<Index>{1, 2});
    CHECK(start.micro_batches == 4);
    CHECK(result.bubble->predicted == 0.2);
    CHECK((result.bubble->measured > 0 && result.bubble->measured < 1));
  }
}
