#include "trp/train_state.h"

#include <utility>

#include "nn/mlp.h"
#include "nn/optimizer.h"

namespace trp {

Mlp network_to_keep(TrainState state) {
  if (state.best_epoch > 0) return std::move(state.best);
  if (is_begun(state)) take_average(state.optimizer, state.mlp);
  return without_normalization(std::move(state.mlp));
}

bool is_begun(const TrainState& state) { return !state.epochs.empty() || state.progress.batch > 0; }

double train_seconds(const TrainState& state) {
  double seconds = state.progress.seconds;
  for (const EpochResult& epoch : state.epochs) seconds += epoch.seconds;
  return seconds;
}

bool is_over(const Recipe& recipe, const TrainState& state) {
  const auto done = static_cast<int>(state.epochs.size());
  if (done >= recipe.epochs) return true;
  return recipe.early_stopping > 0 && done - state.best_epoch >= recipe.early_stopping;
}

}  // namespace trp
