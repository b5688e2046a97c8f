#include <memory>

#include "lab/experiment.h"
#include "lab/training.h"
#include "strategy/pipeline_schedule.h"

namespace trp {
namespace {

void run(Lab& lab) {
  add_training(lab, "sequential", {.strategy = StrategyKind::kSequential});
  std::vector<std::shared_ptr<Trainer>> trainers;
  for (const int stages : {2, 3})  // there are three layers
    for (const int micro_batches : {1, 2, 4, 8})
      trainers.push_back(add_training(
          lab, fmt::format("{} micro-batch{}", micro_batches, micro_batches == 1 ? "" : "es"),
          {.strategy = StrategyKind::kPipeline, .micro_batches = micro_batches}, stages));
  lab.run();
  for (std::size_t i = 0; i < trainers.size(); ++i)
    lab.race.contenders[i + 1].idle_share = trainers[i]->bubble()->measured;
}

std::vector<Cell> more_cells(const Race&, const Contender& contender) {
  if (contender.name == "sequential") return {"", ""};
  return {100 * contender.idle_share,
          100 * predicted_bubble(contender.workers, std::stoi(contender.name))};
}

Verdict verdict(const Race& race) {
  const ContenderId one = {"1 micro-batch", 2};
  const ContenderId eight = {"8 micro-batches", 2};
  const Spread speedup = race.speedup(eight, one);
  const double before = race.find(one).idle_share;
  const double after = race.find(eight).idle_share;
  return make_verdict(
      is_faster(speedup) && after < before,
      "in two stages, eight micro-batches are {}; the bubble, as measured, went from "
      "{:.0f} % to {:.0f} %.",
      speed_text(speedup, "one"), 100 * before, 100 * after);
}

}  // namespace

constinit const Experiment kPipelineExperiment = {
    .name = "pipeline",
    .section = "Pipeline parallelism",
    .title = "micro-batches fill the stages",
    .claim =
        "cut into micro-batches, a batch keeps several stages at work at once; the bubble, the "
        "share of time in which stages wait, shrinks with more of them: (p − 1) / (m + p − 1)",
    .takeaway =
        "a few micro-batches per stage are enough: each smaller product is less efficient, "
        "and unequal stages wait for the longest",
    .in_earnest = "--strategy pipeline --micro-batches N --pipeline-schedule gpipe|1f1b",
    .run = run,
    .verdict = verdict,
    .contenders_are = "in stages",
    .unit = "k samples/s",
    .more_columns = {"bubble %", "predicted %"},
    .more_cells = more_cells};

}  // namespace trp
