#pragma once

#include <cstdint>
#include <vector>

#include "trp/tensor.h"

namespace trp {

/// How the learning rate changes over a training; see train/learning_rate.h for the formulas.
enum class LearningRateScheduleKind { kConstant, kLinear, kCosine, kStep };

/// Random changes to training samples, other ones in each epoch.
struct AugmentOptions {
  /// Adds a normal number of deviation 0.01 to each value. Bytes, which are 0 … 1 when scaled, stay
  /// within that; the range of other values is not known, so they are not clipped.
  bool noise = false;
  /// Moves the whole image by up to two pixels up or down and left or right, any of these places
  /// being as likely as another. What moves in from outside is zero. An image is
  /// height × width [× channels …]: the first two dimensions of a sample.
  bool shift = false;

  bool operator==(const AugmentOptions&) const = default;
};

/// All that shapes the weights of a training, beside the data. Whoever fills it in sees to it that
/// counts are at least 1 where 0 has no meaning, that 0 ≤ validation_share < 1, and that early
/// stopping comes with a validation share.
struct Recipe {
  std::vector<Index> hidden = {128, 64};  // width of each hidden layer
  int class_count = 10;
  Index limit = 0;              // only the first so many training samples; 0: all
  double validation_share = 0;  // of the training samples, kept for validation
  bool shuffle = true;
  AugmentOptions augment = {};
  int epochs = 10;
  bool dry_run = false;   // one batch per epoch
  Index batch_size = 64;  // samples of a step, over all workers together
  double learning_rate = 0.05;
  LearningRateScheduleKind learning_rate_schedule = LearningRateScheduleKind::kLinear;
  int warmup_epochs = 0;
  double momentum = 0.9;
  double weight_decay = 0;  // of weights and biases, as in PyTorch
  double clip_norm = 0;     // the gradient's Euclidean norm is at most this; 0: not limited
  int early_stopping = 0;   // epochs without a better validation loss after which to stop; 0: never
  std::uint64_t seed = 1;

  bool operator==(const Recipe&) const = default;
};

}  // namespace trp
