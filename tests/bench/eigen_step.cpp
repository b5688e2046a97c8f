#include "bench/eigen_step.h"

#include <cmath>

namespace trp {

EigenStep::EigenStep(const Mlp& mlp) {
  for (const Layer& layer : mlp.layers) {
    weights_.emplace_back(layer.weight.view().matrix());
    biases_.emplace_back(layer.bias.view().matrix());
  }
  outputs_.resize(weights_.size() + 1);
  gradients_.resize(weights_.size() + 1);
  weight_gradients_.resize(weights_.size());
}

double EigenStep::step(const Dataset& dataset, std::span<const std::uint32_t> samples,
                       float learning_rate) {
  const auto rows = static_cast<Index>(samples.size());
  const std::size_t layer_count = weights_.size();
  outputs_[0].resize(rows, dataset.feature_count);
  for (Index i = 0; i < rows; ++i) {
    using Bytes = Eigen::Map<const Eigen::Matrix<std::uint8_t, 1, Eigen::Dynamic>>;
    using Values = Eigen::Map<const Eigen::RowVectorXf>;
    const Index features = dataset.feature_count;
    const Index first = samples[static_cast<std::size_t>(i)] * features;
    if (dataset.values.empty())
      outputs_[0].row(i) =
          Bytes(dataset.bytes.data() + first, features).cast<float>() * (1 / 255.0F);
    else
      outputs_[0].row(i) = Values(dataset.values.data() + first, features);
  }
  for (std::size_t l = 0; l < layer_count; ++l) {
    outputs_[l + 1].noalias() = outputs_[l] * weights_[l];
    outputs_[l + 1].rowwise() += biases_[l];
    if (l + 1 < layer_count) outputs_[l + 1] = outputs_[l + 1].cwiseMax(0);
  }

  double loss_sum = 0;
  Matrix& dz = gradients_[layer_count];
  dz = outputs_[layer_count];
  for (Index i = 0; i < rows; ++i) {
    const auto label = dataset.labels[samples[static_cast<std::size_t>(i)]];
    const float largest = dz.row(i).maxCoeff();
    const float shifted = dz(i, label) - largest;
    dz.row(i) = (dz.row(i).array() - largest).exp();
    const float sum = dz.row(i).sum();
    loss_sum += std::log(sum) - shifted;
    dz.row(i) /= sum;
    dz(i, label) -= 1;
  }
  dz /= static_cast<float>(rows);

  for (std::size_t l = layer_count; l-- > 0;) {
    weight_gradients_[l].noalias() = outputs_[l].transpose() * gradients_[l + 1];
    if (l > 0) {
      gradients_[l].noalias() = gradients_[l + 1] * weights_[l].transpose();
      gradients_[l] = (outputs_[l].array() > 0).select(gradients_[l], 0);
    }
    weights_[l] -= learning_rate * weight_gradients_[l];
    biases_[l] -= learning_rate * gradients_[l + 1].colwise().sum();
  }
  return loss_sum;
}

}  // namespace trp
