#include <fmt/format.h>

#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"

namespace trp {
namespace {

Race run(const LabContext& context) {
  Pools pools(context.cpus);
  Race race = {.cpus = context.cpus};
  add_training(race, context, "sequential", {.strategy = StrategyKind::kSequential}, pools.of(1));
  for (const int workers : kWorkerCounts)
    add_training(race, context, "outputs of each layer divided",
                 {.strategy = StrategyKind::kTensor}, pools.of(workers));
  // One micro-batch: while one worker's layers are at work, the others' wait. There are three.
  for (const int workers : {2, 4})
    add_training(race, context, "layers on different workers",
                 {.strategy = StrategyKind::kPipeline, .micro_batches = 1}, pools.of(workers));
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "network", "thousand samples/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread tensor = race.speedup({"outputs of each layer divided", workers}, {"sequential"});
  const Spread layers = race.speedup({"layers on different workers", 2}, {"sequential"});
  return make_verdict(
      !is_faster(layers),
      fmt::format("layers on different workers are {}; each layer divided among {} workers is {}.",
                  speed_text(layers, "one worker"), workers, speed_text(tensor, "one worker")));
}

}  // namespace

constinit const Experiment kModelExperiment = {
    .name = "model",
    .title = "Model parallelism: one network on several workers",
    .claim =
        "layers on different workers make room for large networks but no speed, for each layer "
        "waits for the one before; dividing each layer can make speed, at a wait per layer",
    .takeaway = "divide the model when it does not fit; for speed divide the batch",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
