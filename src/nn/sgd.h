#pragma once

#include <span>
#include <vector>

#include "nn/kernels.h"
#include "nn/mlp.h"

namespace trp {

struct SgdOptions {
  float momentum = 0;
  float weight_decay = 0;  // of weights and biases, as in PyTorch
  float clip_norm = 0;     // the gradient's Euclidean norm is at most this; 0: not limited
};

/// Stochastic gradient descent with momentum: the only writer of parameters.
class Sgd {
 public:
  Sgd(const Mlp& mlp, const SgdOptions& options);

  bool clips() const { return options_.clip_norm > 0; }

  /// All that updates depend on besides parameters and gradients; no layers without momentum.
  const Gradient& velocity() const { return velocity_; }
  /// Goes on with the velocity of another one for a network of the same shape.
  void set_velocity(const Gradient& velocity) { velocity_ = velocity; }

  /// What to multiply a gradient of this squared norm by so that it obeys clip_norm.
  float clip_scale(double squared_norm) const;

  /// Updates a tile's parameters in `mlp`, which has the shape of the constructor's. Different
  /// tiles may be updated by different threads at once.
  void update(const Tile& tile, const TileGradient& gradient, float learning_rate,
              float gradient_scale, Mlp& mlp);

  /// The same, with the gradient that the factors give and no scale. `scratch` has its shape.
  void update(const Tile& tile, const TileFactors& factors, float learning_rate,
              TileGradient scratch, Mlp& mlp);

 private:
  SgdCoefficients coefficients(float learning_rate, float gradient_scale) const;
  TileGradient velocity_of(const Tile& tile);
  /// What there is beside the weight itself: the bias, and the transposed copy.
  void update_rest(const Tile& tile, ConstTensorView bias_gradient,
                   const SgdCoefficients& coefficients, Mlp& mlp);

  SgdOptions options_;
  Gradient velocity_;
};

/// norms[c] = the sum of the squared elements of column c of a tile, its bias included, in double
/// from the first row to the last: how tiles are cut into columns changes no bit.
void squared_column_norms(const TileGradient& gradient, std::span<double> norms);

}  // namespace trp
