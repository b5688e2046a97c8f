#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <Eigen/Dense>

#include "core/random.h"
#include "nn/mlp.h"
#include "trp/tensor.h"

namespace trp {

// The arithmetic of training, held against other ways of computing the same: for the tests, and for
// the selftest of a machine that has no tests.

inline Eigen::MatrixXd in_double(const Tensor& tensor) {
  return tensor.view().matrix().cast<double>();
}

/// The network in double precision by Eigen's own products, as plainly as it can be written.
struct ReferenceMlp {
  std::vector<Eigen::MatrixXd> weights;  // [in, out]
  std::vector<Eigen::RowVectorXd> biases;

  explicit ReferenceMlp(const Mlp& mlp) : ReferenceMlp(mlp.layers) {}

  /// Of the layers of a network, or of a gradient.
  template <class Layers>
  explicit ReferenceMlp(const Layers& layers) {
    for (const auto& layer : layers) {
      weights.emplace_back(in_double(layer.weight));
      biases.emplace_back(in_double(layer.bias));
    }
  }

  /// Returns the output of every layer; the last one's are the logits.
  std::vector<Eigen::MatrixXd> outputs(const Eigen::MatrixXd& input) const;

  /// Returns the mean cross-entropy.
  double loss(const Eigen::MatrixXd& input, std::span<const std::uint8_t> labels) const;

  /// Returns the gradient of loss(), in the shape of the network itself.
  ReferenceMlp gradient(const Eigen::MatrixXd& input, std::span<const std::uint8_t> labels) const;
};

/// Returns |a − b| relative to |b|, as vectors of all parameters.
double relative_difference(const ReferenceMlp& a, const ReferenceMlp& b);

/// Makes a tensor whose elements are uniform in [−1, 1).
Tensor random_tensor(Index rows, Index cols, RandomStream& random);

/// Calls body once for each instruction set that this machine has, the best one last, while the
/// kernels use it, and then goes back to the best one. No other thread may use the kernels
/// meanwhile.
void for_each_simd_target(const std::function<void()>& body);

/// The largest differences of elements between our products and Eigen's in double precision.
struct ProductErrors {
  double forward = 0;
  double forward_relu = 0;
  double weight_gradient = 0;
  double bias_gradient = 0;
  double input_gradient = 0;
  double bytes = 0;      // of products of bytes, from the same of the floats that they stand for
  double tolerance = 0;  // what rounding may come to for factors of this shape

  double largest() const;
};

/// Multiplies random factors x [rows, depth] and weight [depth, cols] and returns the errors.
ProductErrors product_errors(Index rows, Index depth, Index cols, RandomStream& random);

/// How far two gradients of one network are apart, relative to their length.
struct GradientErrors {
  double reference = 0;  // the reference in double precision against central differences
  double program = 0;    // the program's own arithmetic against that reference
};

/// Compares the gradients of a network and a batch that are random, their shapes too.
GradientErrors gradient_errors(std::uint64_t seed);

}  // namespace trp
