#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trp/tensor.h"

namespace trp {

/// How the learning rate changes over a training; see train/learning_rate.h for the formulas.
enum class LearningRateScheduleKind { kConstant, kLinear, kCosine, kStep, kTriangle };

/// What updates the parameters, with PyTorch's meaning of each; see nn/update-inl.h for the
/// formulas.
enum class OptimizerKind {
  kSgd,    // stochastic gradient descent, with momentum
  kAdam,   // Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015
  kAdamw,  // Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019
};

/// How much the samples of a class count in the loss.
enum class ClassWeights {
  kNone,      // all as much
  kBalanced,  // so that all classes do: the mean number of samples of a class by that of this class
};

/// What is done to each input before the network sees it, by statistics of the training samples.
enum class Normalization {
  kNone,
  kCenter,    // the mean is subtracted
  kStandard,  // the mean is subtracted and the result divided by the deviation; one of 0 counts as
              // 1
};

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
/// counts are at least 1 where 0 has no meaning, that shares are at least 0 and below 1, that
/// dropout has no value, one, or one for each hidden layer, and that early stopping comes with a
/// validation share.
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
  OptimizerKind optimizer = OptimizerKind::kSgd;
  double momentum = 0.9;    // with kSgd
  bool nesterov = false;    // with momentum
  double beta1 = 0.9;       // with kAdam and kAdamw: the share of the mean gradient that is kept,
  double beta2 = 0.999;     // and of the mean squared gradient
  double epsilon = 1e-8;    // with them: is added to the root of the latter; at least 1e-12
  double weight_decay = 0;  // of weights and biases, as in PyTorch
  double clip_norm = 0;     // the gradient's Euclidean norm is at most this; 0: not limited
  std::vector<double> dropout = {};  // of each hidden layer, or one for all: the share of outputs
                                     // that a sample goes without; empty: none
  double label_smoothing = 0;        // the share of a label that is spread over all classes
  ClassWeights class_weights = ClassWeights::kNone;
  double average_weights = 0;  // the share of the mean parameters that a step keeps, which are what
                               // is scored and kept; 0: these are the last step's
  Normalization normalization = Normalization::kNone;
  int early_stopping = 0;  // epochs without a better validation loss after which to stop; 0: never
  std::uint64_t seed = 1;
  std::string init = {};  // digest of the weights that training starts from; empty: the seed's

  bool operator==(const Recipe&) const = default;
};

}  // namespace trp
