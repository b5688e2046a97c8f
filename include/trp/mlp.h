#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "trp/tensor.h"

namespace trp {

struct Layer {
  Tensor weight;  // [in, out]
  Tensor bias;    // [1, out]
  /// A copy of the weight, [out, in], for the gradient with respect to the input; kept in step by
  /// training. Empty in the first layer, whose input has no gradient.
  Tensor weight_transposed;
};

/// A multi-layer perceptron: ReLU between the layers, logits at the end. One layer at least.
/// Constant while a gradient is computed, so threads may share it.
struct Mlp {
  std::vector<Layer> layers;

  Index input_size() const { return layers.front().weight.rows(); }
  Index output_size() const { return layers.back().weight.cols(); }
};

/// Layers of sizes [0] → [1] → … with biases zero and weights uniform in ±√(6 / in): the uniform
/// form of He initialisation (He et al., "Delving deep into rectifiers", ICCV 2015), the same bits
/// everywhere for the same seed.
Mlp make_mlp(std::span<const Index> layer_sizes, std::uint64_t seed);

/// The same layers with all parameters zero.
Mlp make_zero_mlp(std::span<const Index> layer_sizes);

/// Brings the transposed copies in step with weights that training did not write.
void transpose_weights(Mlp& mlp);

/// The sizes that make_mlp was given.
std::vector<Index> layer_sizes(const Mlp& mlp);

Index parameter_count(const Mlp& mlp);

/// XXH3-128 of all parameters: layer by layer, weight then bias, row by row, without padding.
std::string weights_digest(const Mlp& mlp);

/// True when no parameter is NaN or infinite.
bool all_finite(const Mlp& mlp);

/// The gradient of every parameter, or anything else that has the parameters' shape.
struct Gradient {
  struct OfLayer {
    Tensor weight;
    Tensor bias;
  };
  std::vector<OfLayer> layers;
};

}  // namespace trp
