#include "train/train_state.h"
#include "core/fail.h"

#include <algorithm>
#include <string_view>
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
  const auto velocities = std::ssize(state.velocity.layers);
  const auto expected_velocities = recipe.momentum == 0 ? 0 : std::ssize(state.mlp.layers);
  check(velocities == expected_velocities, "layers with velocities:", expected_velocities,
        velocities);
  check(state.progress.batch <= steps_per_epoch, "steps of the epoch in hand: at most",
        steps_per_epoch, state.progress.batch);
  const auto done = static_cast<int>(state.epochs.size());
  check(done <= recipe.epochs, "finished epochs: at most", recipe.epochs, done);
  const bool has_best = recipe.early_stopping > 0 && done > 0;
  check((state.best_epoch > 0) == has_best && state.best_epoch <= done, "a best epoch among",
        has_best ? done : 0, state.best_epoch);
}

Mlp& network_to_keep(TrainState& state) { return state.best_epoch > 0 ? state.best : state.mlp; }

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
