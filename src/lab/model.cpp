#include "lab/experiment.h"
#include "lab/training.h"

namespace trp {
namespace {

void run(Lab& lab) {
  add_training(lab, "sequential", {.strategy = StrategyKind::kSequential});
  for (const int workers : lab.context.worker_counts)
    add_training(lab, "outputs of wide layers divided", {.strategy = StrategyKind::kTensor},
                 workers);
  // One micro-batch: while one worker's layers are at work, the others' wait. There are three.
  for (const int workers : {2, 3})
    add_training(lab, "layers on different workers",
                 {.strategy = StrategyKind::kPipeline, .micro_batches = 1}, workers);
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race, "outputs of wide layers divided");
  const Spread tensor = race.speedup({"outputs of wide layers divided", workers}, {"sequential"});
  const Spread layers = race.speedup({"layers on different workers", 2}, {"sequential"});
  return make_verdict(
      !is_faster(layers),
      "layers on different workers are {}; wide layers divided among {} workers is {}.",
      speed_text(layers, "one worker"), workers, speed_text(tensor, "one worker"));
}

}  // namespace

constinit const Experiment kModelExperiment = {
    .name = "model",
    .section = "Model parallelism",
    .title = "one network on several workers",
    .claim =
        "layers on different workers make room for large networks but no speed, for each layer "
        "waits for the one before; dividing wide layers can make speed, at a wait per layer",
    .takeaway =
        "divide the model when it does not fit, or when its weights would travel to and fro",
    .in_earnest = "--strategy tensor; --strategy pipeline --micro-batches 1",
    .run = run,
    .verdict = verdict,
    .contenders_are = "network",
    .unit = "k samples/s"};

}  // namespace trp
