#include "lab/contest.h"

#include <fmt/format.h>
#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/workers.h"

namespace trp {
namespace {

Findings run(const LabContext& context) {
  Pools pools(kWorkerCounts, context.cpus);
  const Plan sequential = {.strategy = StrategyKind::kSequential};
  const Plan tensor = {.strategy = StrategyKind::kTensor};
  // One micro-batch: while one worker's layers are at work, the others' wait.
  const Plan layers = {.strategy = StrategyKind::kPipeline, .micro_batches = 1};

  std::vector<std::unique_ptr<TrainingSteps>> trainings;
  Contest contest;
  const ExpectedStep expected(context);
  bool correct = true;
  const auto add = [&](const std::string& name, const Plan& options, int workers) {
    correct &= expected.is_made_by(options, pools.of(workers));
    trainings.push_back(std::make_unique<TrainingSteps>(context, options, pools.of(workers)));
    return contest.add(name, workers, 1e-3 * static_cast<double>(TrainingSteps::kBatchSize),
                       [&training = *trainings.back()] { training.step(); });
  };
  const int judged = judged_workers(context.cpus);
  const std::size_t base = add("sequential", sequential, 1);
  std::size_t judged_tensor = 0;
  std::size_t judged_layers = 0;
  for (const int workers : kWorkerCounts) {
    const auto way = add("outputs of each layer divided", tensor, workers);
    if (workers == judged) judged_tensor = way;
  }
  for (const int workers : {2, 4}) {  // there are three layers
    const auto way = add("layers on different workers", layers, workers);
    if (workers == 2) judged_layers = way;
  }
  contest.run(context.seconds());
  return {contest.table("network", "thousand samples/s", context.cpus), correct,
          model_verdict(judged, contest.speedup(judged_tensor, base),
                        contest.speedup(judged_layers, base))};
}

}  // namespace

Verdict model_verdict(int workers, const Spread& tensor, const Spread& layers) {
  return make_verdict(
      !is_faster(layers),
      fmt::format("layers on different workers are {}; each layer divided among {} workers is {}.",
                  speed_text(layers, "one worker"), workers, speed_text(tensor, "one worker")));
}

constinit const Experiment kModelExperiment = {
    .name = "model",
    .title = "Model parallelism: one network on several workers",
    .claim =
        "layers on different workers make room for large networks but no speed, for each layer "
        "waits for the one before; dividing each layer can make speed, at a wait per layer",
    .takeaway = "divide the model when it does not fit; for speed divide the batch",
    .run = run};

}  // namespace trp
