// Where the time of a whole training goes, by every strategy.
#include <numeric>

#include "catch.h"
#include "data/synthetic.h"
#include "strategy/all_plans.h"
#include "strategy/phase.h"
#include "train/run_options.h"
#include "trp/train.h"

using namespace trp;

namespace {

const std::atomic<bool> kNeverStop{false};

RunOptions small_options(const NamedPlan& named) {
  RunOptions options;
  options.recipe.hidden = {40, 30};
  options.recipe.class_count = 5;
  options.recipe.epochs = 2;
  options.recipe.batch_size = 20;
  options.recipe.validation_share = 0.2;
  options.plan = named.plan;
  return options;
}

}  // namespace

TEST_CASE("every worker's phases make the wall time, and recording them changes no bit") {
  const DataSets data = synthetic_data(95, 20, 60, 5);
  for (const NamedPlan& named : kAllPlans)
    for (const int workers : {1, 2, 4})
      for (const float clip_norm : {0.0F, 0.5F})
        for (const int loaders : {0, 2}) {
          INFO(named.name << ", " << workers << " workers, clipped at " << clip_norm << ", "
                          << loaders << " loaders");
          RunOptions options = small_options(named);
          options.recipe.clip_norm = clip_norm;
          options.plan.loaders = loaders;
          ThreadPool pool(workers, 2);
          const TrainResult plain = train(options, data, pool, {}, kNeverStop);
          PhaseRecorder recorder(kTrainingPhases, workers, 2);
          const TrainResult result =
              train(options, data, pool, {.recorder = &recorder}, kNeverStop);
          if (named.name != kArrivalPlan.name) REQUIRE(result.weights == plain.weights);

          const PhaseTimes times = recorder.times();
          CHECK(times.wall_seconds >= result.train_seconds);
          REQUIRE(times.workers.size() == static_cast<std::size_t>(workers));
          WorkerTimes all;
          for (const WorkerTimes& worker : times.workers) {
            const auto& seconds = worker.seconds;
            CHECK(std::accumulate(seconds.begin(), seconds.end(), 0.0) ==
                  Approx(times.wall_seconds));
            for (std::size_t p = 0; p < seconds.size(); ++p) {
              CHECK(seconds[p] >= 0);
              all.seconds[p] += seconds[p];
            }
            CHECK(worker.of(Phase::kEvaluation) == times.workers[0].of(Phase::kEvaluation));
          }
          for (const Phase phase :
               {Phase::kForward, Phase::kBackward, Phase::kSgd, Phase::kEvaluation, Phase::kOther})
            CHECK(all.of(phase) > 0);
          CHECK((all.of(Phase::kLoad) > 0) == (loaders > 0));
          CHECK(all.of(Phase::kGather) > 0);
          const bool is_auto = named.plan.strategy == StrategyKind::kAuto;
          const bool merges =
              named.plan.strategy == StrategyKind::kData || (is_auto && workers > 1);
          CHECK((all.of(Phase::kMerge) > 0) == merges);
          CHECK((all.of(Phase::kMergeWait) > 0) == merges);
          const bool parallel =
              named.plan.strategy != StrategyKind::kSequential && !(is_auto && workers == 1);
          CHECK((all.of(Phase::kBarrier) > 0) == parallel);
          CHECK((times.fork_join_seconds > 0) == parallel);
          CHECK(times.busiest_seconds <= times.fork_join_seconds);
          if (workers <= 2) CHECK(all.of(Phase::kAsleep) == 0);
        }
}
