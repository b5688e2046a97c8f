#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "trp/mlp.h"
#include "trp/recipe.h"
#include "trp/score.h"

namespace trp {

struct EpochResult {
  int epoch = 0;              // from 1
  double train_loss = 0;      // mean over the epoch, each batch before its own step
  double train_accuracy = 0;  // likewise
  std::optional<Score> validation;
  double learning_rate = 0;  // of the last step
  double seconds = 0;        // of training, without validation
  double samples_per_second = 0;
};

/// How far an epoch is that is not finished: steps are missing, or the validation after them.
struct EpochProgress {
  std::int64_t batch = 0;  // steps done
  double loss_sum = 0;     // over the samples of these steps
  Index correct_count = 0;
  double seconds = 0;  // of training
};

/// Where a training stands between two steps: all that it takes to go on to the same bits. With a
/// network alone it is where one that starts from given weights begins.
struct TrainState {
  Mlp mlp;
  OptimizerState optimizer = {};
  std::vector<EpochResult> epochs = {};  // the finished ones
  EpochProgress progress = {};           // of the epoch after them
  // With early stopping, once an epoch is finished: the best one so far and its network_to_keep().
  int best_epoch = 0;
  double best_loss = 0;
  Mlp best = {};
};

/// Returns the network to keep of the state: that of the best epoch if there is one, else that of
/// the last step, or of the mean parameters if there are such. It takes inputs as they are.
Mlp network_to_keep(TrainState state);

/// Returns whether a step has been made.
bool is_begun(const TrainState& state);

/// Returns the seconds of all steps so far, without validation.
double train_seconds(const TrainState& state);

/// Returns whether a training of this recipe ends where the state is.
bool is_over(const Recipe& recipe, const TrainState& state);

}  // namespace trp
