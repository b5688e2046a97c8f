#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Dense>

#include "data/dataset.h"
#include "nn/mlp.h"

namespace trp {

/// One thread's training step of the same network with Eigen's own products where the program has
/// its kernels: what the kernels are measured against. Plain SGD.
class EigenStep {
 public:
  explicit EigenStep(const Mlp& mlp);

  /// Returns the sum of the losses.
  double step(const Dataset& dataset, std::span<const std::uint32_t> samples, float learning_rate);

 private:
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  std::vector<Matrix> weights_;
  std::vector<Eigen::RowVectorXf> biases_;
  std::vector<Matrix> outputs_;    // [0] is the input
  std::vector<Matrix> gradients_;  // of the loss with respect to outputs_, before ReLU
  std::vector<Matrix> weight_gradients_;
};

}  // namespace trp
