#include "train/train_state.h"

#include "core/fail.h"
#include "nn/mlp.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

namespace trp {

void check_resumable(const TrainState& state, const Recipe& recipe, std::span<const Index> sizes,
                     std::int64_t steps_per_epoch) {
  const auto check = [](bool fits, std::string_view what, std::int64_t expected,
                        std::int64_t found) {
    if (!fits) {
      fail("the training to resume: expected {} {}, found {}", what, expected, found);
    }
  };
  const std::vector<Index> found = layer_sizes(state.mlp);
  if (!std::ranges::equal(found, sizes)) {
    fail("the training to resume: expected layers of {}, found {}", fmt::join(sizes, " → "),
         fmt::join(found, " → "));
  }
  const bool is_adam = recipe.optimizer != OptimizerKind::kSgd;
  const bool has_part[] = {is_adam || recipe.momentum != 0, is_adam, recipe.average_weights > 0};
  for (std::size_t i = 0; i < kOptimizerStateParts.size() && is_begun(state); ++i) {
    const auto& [name, part] = kOptimizerStateParts[i];
    const auto expected = has_part[i] ? std::ssize(state.mlp.layers) : 0;
    const auto layers = std::ssize((state.optimizer.*part).layers);
    check(layers == expected, fmt::format("layers with {}:", name), expected, layers);
  }
  const bool is_normalized = is_begun(state) && recipe.normalization != Normalization::kNone;
  const Index shifts = state.mlp.normalization.shift.cols();
  check(shifts == (is_normalized ? sizes[0] : 0), "shifts of inputs:", is_normalized ? sizes[0] : 0,
        shifts);
  check(state.progress.batch <= steps_per_epoch, "steps of the epoch in hand: at most",
        steps_per_epoch, state.progress.batch);
  const auto done = static_cast<int>(state.epochs.size());
  check(done <= recipe.epochs, "finished epochs: at most", recipe.epochs, done);
  const bool has_best = recipe.early_stopping > 0 && done > 0;
  check((state.best_epoch > 0) == has_best && state.best_epoch <= done, "a best epoch among",
        has_best ? done : 0, state.best_epoch);
}

void take_average(const OptimizerState& optimizer, Mlp& mlp) {
  if (optimizer.average.layers.empty()) return;
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    mlp.layers[l].weight = optimizer.average.layers[l].weight;
    mlp.layers[l].bias = optimizer.average.layers[l].bias;
  }
  transpose_weights(mlp);
  fold(mlp);
}

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
