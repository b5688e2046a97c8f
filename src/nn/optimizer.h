#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "nn/kernels.h"
#include "nn/mlp.h"
#include "trp/recipe.h"

namespace trp {

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kSgd;
  float momentum = 0;  // with kSgd
  bool nesterov = false;
  double beta1 = 0, beta2 = 0, epsilon = 0;  // with the others
  double weight_decay = 0;                   // of weights and biases, as in PyTorch
  float clip_norm = 0;         // the gradient's Euclidean norm is at most this; 0: not limited
  double average_weights = 0;  // the share of the mean parameters that a step keeps; 0: no mean
};

/// What an update takes that changes from step to step.
struct StepRates {
  float learning_rate = 0;
  // 1 − βᵗ in step t, counted from 1, of the two means of Adam, which begin at zero.
  double mean_correction = 1;
  double square_correction = 1;
  float average_share = 1;  // of the new parameters in their mean
};

/// Where an update gets the gradient of a tile from: it is there, or it is the product of factors.
using GradientSource = std::variant<TileGradient, TileFactors>;

/// What updates parameters.
class Optimizer {
 public:
  Optimizer(const Mlp& mlp, const OptimizerOptions& options);

  const OptimizerOptions& options() const { return options_; }
  bool clips() const { return options_.clip_norm > 0; }

  const OptimizerState& state() const { return state_; }
  OptimizerState& state() { return state_; }

  /// Returns the rates of a step, counted from 1. It is cheap if the steps asked for ascend.
  StepRates rates(double learning_rate, std::int64_t step);

  /// Returns what to multiply a gradient of this squared norm by so that it obeys clip_norm.
  float clip_scale(double squared_norm) const;

  /// Updates a tile's parameters in `mlp`, which has the shape of the constructor's, with
  /// `gradient_scale` times the gradient. `scratch` has the tile's shape, its bias in any case, and
  /// is used for factors only. Different tiles may be updated by different threads at once. When
  /// all tiles of the first layer are, fold_bias() brings the network in step.
  void update(const Tile& tile, const GradientSource& gradient, const StepRates& rates,
              float gradient_scale, TileGradient scratch, Mlp& mlp);

 private:
  UpdateCoefficients coefficients(const StepRates& rates, float gradient_scale) const;

  OptimizerOptions options_;
  OptimizerState state_;
  // The powers of β₁ and β₂ that the last step asked for had, by running products.
  std::int64_t powers_step_ = 0;
  double mean_power_ = 1, square_power_ = 1;
};

/// Puts the mean parameters, if there are such, in the place of the network's.
void take_average(const OptimizerState& state, Mlp& mlp);

/// Writes to norms[c] the sum of the squared elements of column c of a tile, its bias included, in
/// double from the first row to the last: how tiles are cut into columns changes no bit.
void squared_column_norms(const TileGradient& gradient, std::span<double> norms);

}  // namespace trp
