#pragma once

#include <span>
#include <utility>
#include <variant>

#include "nn/kernels.h"
#include "nn/mlp.h"

namespace trp {

struct OptimizerOptions {
  float momentum = 0;
  float weight_decay = 0;  // of weights and biases, as in PyTorch
  float clip_norm = 0;     // the gradient's Euclidean norm is at most this; 0: not limited
};

/// Where an update gets the gradient of a tile from: it is there, or it is the product of factors.
using GradientSource = std::variant<TileGradient, TileFactors>;

/// Stochastic gradient descent with momentum: what updates parameters.
class Optimizer {
 public:
  Optimizer(const Mlp& mlp, const OptimizerOptions& options);

  const OptimizerOptions& options() const { return options_; }
  bool clips() const { return options_.clip_norm > 0; }

  /// All that updates depend on besides parameters and gradients. It has no layers without
  /// momentum.
  const Gradient& velocity() const { return velocity_; }
  Gradient& velocity() { return velocity_; }

  /// Returns what to multiply a gradient of this squared norm by so that it obeys clip_norm.
  float clip_scale(double squared_norm) const;

  /// Updates a tile's parameters in `mlp`, which has the shape of the constructor's, with
  /// `gradient_scale` times the gradient. `scratch` has the tile's shape and is used for factors
  /// only. Different tiles may be updated by different threads at once.
  void update(const Tile& tile, const GradientSource& gradient, float learning_rate,
              float gradient_scale, TileGradient scratch, Mlp& mlp);

 private:
  OptimizerOptions options_;
  Gradient velocity_;
};

/// Writes to norms[c] the sum of the squared elements of column c of a tile, its bias included, in
/// double from the first row to the last: how tiles are cut into columns changes no bit.
void squared_column_norms(const TileGradient& gradient, std::span<double> norms);

}  // namespace trp
