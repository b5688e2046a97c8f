#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Dense>

#include "nn/mlp.h"

namespace trp {

/// The network in double precision by Eigen's own products, as plainly as it can be written: what
/// the program's arithmetic is compared with.
struct ReferenceMlp {
  std::vector<Eigen::MatrixXd> weights;  // [in, out]
  std::vector<Eigen::RowVectorXd> biases;

  explicit ReferenceMlp(const Mlp& mlp) {
    for (const Layer& layer : mlp.layers) {
      weights.emplace_back(layer.weight.view().matrix().cast<double>());
      biases.emplace_back(layer.bias.view().matrix().cast<double>());
    }
  }

  /// The output of every layer; the last one's are the logits.
  std::vector<Eigen::MatrixXd> outputs(const Eigen::MatrixXd& input) const {
    std::vector<Eigen::MatrixXd> outputs;
    for (std::size_t l = 0; l < weights.size(); ++l) {
      const Eigen::MatrixXd& x = l == 0 ? input : outputs.back();
      Eigen::MatrixXd z = (x * weights[l]).rowwise() + biases[l];
      if (l + 1 < weights.size()) z = z.cwiseMax(0);
      outputs.push_back(z);
    }
    return outputs;
  }

  /// Mean cross-entropy.
  double loss(const Eigen::MatrixXd& input, std::span<const std::uint8_t> labels) const {
    const Eigen::MatrixXd logits = outputs(input).back();
    double sum = 0;
    for (Eigen::Index i = 0; i < logits.rows(); ++i) {
      const double largest = logits.row(i).maxCoeff();
      sum += std::log((logits.row(i).array() - largest).exp().sum()) + largest -
             logits(i, labels[static_cast<std::size_t>(i)]);
    }
    return sum / static_cast<double>(logits.rows());
  }

  /// The gradient of loss(), in the shape of the network itself.
  ReferenceMlp gradient(const Eigen::MatrixXd& input, std::span<const std::uint8_t> labels) const {
    ReferenceMlp result = *this;
    const std::vector<Eigen::MatrixXd> a = outputs(input);
    Eigen::MatrixXd dz = a.back();
    for (Eigen::Index i = 0; i < dz.rows(); ++i) {
      dz.row(i) = (dz.row(i).array() - dz.row(i).maxCoeff()).exp();
      dz.row(i) /= dz.row(i).sum();
      dz(i, labels[static_cast<std::size_t>(i)]) -= 1;
    }
    dz /= static_cast<double>(dz.rows());
    for (std::size_t l = weights.size(); l-- > 0;) {
      const Eigen::MatrixXd& x = l == 0 ? input : a[l - 1];
      result.weights[l] = x.transpose() * dz;
      result.biases[l] = dz.colwise().sum();
      if (l > 0)
        dz = (dz * weights[l].transpose()).cwiseProduct((x.array() > 0).cast<double>().matrix());
    }
    return result;
  }
};

}  // namespace trp
