#include <array>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"
#include "strategy/pipeline_schedule.h"

namespace trp {
namespace {

constexpr std::array<int, 2> kStageCounts = {2, 3};  // there are three layers
constexpr std::array<int, 4> kMicroBatches = {1, 2, 4, 8};

std::string name_of(int micro_batches) {
  return fmt::format("{} micro-batch{}", micro_batches, micro_batches == 1 ? "" : "es");
}

Race run(const LabContext& context) {
  Pools pools(context.cpus, kStageCounts);
  Race race = {.cpus = context.cpus};
  std::vector<std::shared_ptr<Trainer>> trainers;
  const auto add = [&](const std::string& name, const Plan& plan, int workers) {
    trainers.push_back(add_training(race, context, name, plan, pools.of(workers)));
  };
  add("sequential", {.strategy = StrategyKind::kSequential}, kStageCounts.front());
  for (const int stages : kStageCounts)
    for (const int micro_batches : kMicroBatches)
      add(name_of(micro_batches),
          {.strategy = StrategyKind::kPipeline, .micro_batches = micro_batches}, stages);
  race.run(context.race_options());
  for (std::size_t i = 1; i < trainers.size(); ++i)
    race.contenders[i].idle_share = trainers[i]->bubble()->measured;
  return race;
}

Table table(const Race& race) {
  const ContenderId sequential = {"sequential"};
  Table table = {{"stages", "micro-batches", "thousand samples/s", "times as fast",
                  "bubble % predicted", "measured", "note"},
                 {{"sequential", "", race.per_second(sequential),
                   race.speedup(sequential, sequential), "", "", ""}}};
  for (const int stages : kStageCounts) {
    for (const int micro_batches : kMicroBatches) {
      const std::string name = name_of(micro_batches);
      const ContenderId id = {name, stages};
      table.rows.push_back({static_cast<double>(stages), static_cast<double>(micro_batches),
                            race.per_second(id), race.speedup(id, sequential),
                            100 * predicted_bubble(stages, micro_batches),
                            100 * race.find(id).idle_share, workers_note(stages, race.cpus)});
    }
  }
  return table;
}

Verdict verdict(const Race& race) {
  const ContenderId one = {"1 micro-batch", 2};
  const ContenderId eight = {"8 micro-batches", 2};
  const Spread speedup = race.speedup(eight, one);
  const double before = race.find(one).idle_share;
  const double after = race.find(eight).idle_share;
  return make_verdict(
      is_faster(speedup) && after < before,
      fmt::format("in two stages, eight micro-batches are {}; the bubble, as measured, went from "
                  "{:.0f} % to {:.0f} %.",
                  speed_text(speedup, "one"), 100 * before, 100 * after));
}

}  // namespace

constinit const Experiment kPipelineExperiment = {
    .name = "pipeline",
    .title = "Pipeline parallelism: micro-batches fill the stages",
    .claim =
        "cut into micro-batches, a batch keeps several stages at work at once; the bubble, the "
        "share of time in which stages wait, shrinks with more of them: (p − 1) / (m + p − 1)",
    .takeaway =
        "a few micro-batches per stage are enough: each smaller product is less efficient, "
        "and unequal stages wait for the longest",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
