#include "lab/experiments.h"

#include <fmt/format.h>
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/workers.h"

namespace trp {
namespace {

constexpr std::array<int, 2> kStageCounts = {2, 3};  // there are three layers
constexpr std::array<int, 4> kMicroBatches = {1, 2, 4, 8};

Findings run(const LabContext& context) {
  Pools pools(kStageCounts, context.cpus);
  ThreadPool& any = pools.of(kStageCounts.front());
  const ExpectedStep expected(context);
  bool correct = true;
  std::vector<std::unique_ptr<TrainingSteps>> trainings;
  std::vector<Work> works;
  const auto add = [&](const Plan& options, ThreadPool& pool) {
    correct &= expected.is_made_by(options, pool);
    trainings.push_back(std::make_unique<TrainingSteps>(context, options, pool));
    works.push_back([&training = *trainings.back()] { training.step(); });
  };
  add({.strategy = StrategyKind::kSequential}, any);
  for (const int stages : kStageCounts)
    for (const int micro_batches : kMicroBatches)
      add({.strategy = StrategyKind::kPipeline, .micro_batches = micro_batches}, pools.of(stages));
  const Race timed = race(works, context.seconds());

  const double amount = 1e-3 * static_cast<double>(TrainingSteps::kBatchSize);
  Findings findings = {
      {{"stages", "micro-batches", "thousand samples/s", "times as fast", "bubble % predicted",
        "measured", "note"},
       {{"sequential", "", rate(amount, timed.time_of(0)), timed.speedup(0, 0), "", "", ""}}},
      correct,
      {}};
  std::size_t way = 1;
  for (const int stages : kStageCounts)
    for (const int micro_batches : kMicroBatches) {
      findings.table.rows.push_back({static_cast<double>(stages),
                                     static_cast<double>(micro_batches),
                                     rate(amount, timed.time_of(way)), timed.speedup(way, 0),
                                     100 * predicted_bubble(stages, micro_batches),
                                     100 * trainings[way]->pipeline()->measured_bubble(),
                                     workers_note(stages, context.cpus)});
      ++way;
    }
  const std::size_t most = kMicroBatches.size();  // with two stages; one micro-batch is number 1
  findings.verdict =
      pipeline_verdict(timed.speedup(most, 1), trainings[1]->pipeline()->measured_bubble(),
                       trainings[most]->pipeline()->measured_bubble());
  return findings;
}

}  // namespace

Verdict pipeline_verdict(const Spread& speedup, double bubble_of_one, double bubble_of_most) {
  return make_verdict(
      is_faster(speedup) && bubble_of_most < bubble_of_one,
      fmt::format("in two stages, eight micro-batches are {}; the bubble, as measured, went from "
                  "{:.0f} % to {:.0f} %.",
                  speed_text(speedup, "one"), 100 * bubble_of_one, 100 * bubble_of_most));
}

constinit const Experiment kPipelineExperiment = {
    .name = "pipeline",
    .title = "Pipeline parallelism: micro-batches fill the stages",
    .claim =
        "cut into micro-batches, a batch keeps several stages at work at once; the bubble, the "
        "share of time in which stages wait, shrinks with more of them: (p − 1) / (m + p − 1)",
    .takeaway =
        "a few micro-batches per stage are enough: each smaller product is less efficient, "
        "and unequal stages wait for the longest",
    .run = run};

}  // namespace trp
