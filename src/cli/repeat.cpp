#include "cli/repeat.h"

#include <utility>

#include "cli/ranks.h"
#include "cli/recipe_options.h"
#include "measure/statistics.h"

namespace trp {

int exit_code(const TrainOptions& options, const TrainResult& result, int signal, Output& output) {
  if (result.status == TrainStatus::kInterrupted)
    return kExitSignalBase + signal_of_stop(*options.cluster, signal);
  if (result.status == TrainStatus::kDiverged) {
    output.say(
        "training diverged in epoch {}, batch {}, at learning rate {:.4g}: the loss or a weight is "
        "no longer a finite number; try a lower --lr{}",
        result.divergence->epoch, result.divergence->batch, result.divergence->learning_rate,
        options.recipe.clip_norm > 0 ? "" : ", or --clip-norm 1");
    return kExitDiverged;
  }
  return check_min_accuracy(result.test.accuracy, options.min_accuracy);
}

int run_repeats(const TrainOptions& options, const DataSets& data, ThreadPool& pool,
                const std::optional<TrainState>& first, const TrainEvents& events,
                const StopSignals& signals, Output& output) {
  RepeatSummary summary;
  for (int run = 0; run < options.repeat; ++run) {
    Recipe recipe = options.recipe;
    recipe.seed += static_cast<std::uint64_t>(run);
    const TrainEvents own = {
        .start = run == 0 ? events.start : nullptr, .step = events.step, .cluster = events.cluster};
    const TrainResult result =
        train(recipe, options.plan, data, pool, own, signals.requested(), first);
    const bool is_stopped =
        result.status == TrainStatus::kInterrupted || result.test.sample_count == 0;
    if (!is_stopped) output.report(RepeatedRun{recipe.seed, result});
    if (is_stopped || result.status == TrainStatus::kDiverged) {
      output.report(summary);
      if (is_stopped) return kExitSignalBase + signal_of_stop(*options.cluster, signals.received());
      return exit_code(options, result, signals.received(), output);
    }
    summary.accuracies.push_back(result.test.accuracy);
    if (result.validation) summary.validations.push_back(result.validation->accuracy);
    summary.seconds.push_back(result.train_seconds);
  }
  output.report(summary);
  return check_min_accuracy(mean(summary.accuracies), options.min_accuracy);
}

}  // namespace trp
