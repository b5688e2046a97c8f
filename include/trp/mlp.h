#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trp/tensor.h"

namespace trp {

/// A dense layer: output = input · weight + bias.
struct Layer {
  Tensor weight;  // [in, out]
  Tensor bias;    // [1, out]
  /// A copy of the weight, [out, in], for the gradient with respect to the input; kept in step by
  /// training. Empty in the first layer, whose input has no gradient.
  Tensor weight_transposed;
};

/// What is done to each input i before the first layer: (x + shift[i]) · scale[i].
struct InputNormalization {
  Tensor shift;  // [1, in]; no columns: nothing is done
  Tensor scale;  // [1, in]; no columns: 1
};

/// A multi-layer perceptron of one layer at least, with ReLU between the layers and logits at the
/// end. It is constant while a gradient is computed, so threads may share it.
struct Mlp {
  std::vector<Layer> layers;

  /// While it is trained on normalized inputs. The first layer's parameters are for these, and
  /// `folded` has such that take the inputs as they are, for zeros among these to stay zeros; kept
  /// in step by training. Its weight is empty where it would be the same.
  InputNormalization normalization = {};
  Layer folded = {};

  Index input_size() const { return layers.front().weight.rows(); }
  Index output_size() const { return layers.back().weight.cols(); }
};

/// Makes layers of sizes [0] → [1] → … with biases zero and weights uniform in ±√(6 / in), the
/// uniform form of He initialisation (He et al., "Delving deep into rectifiers", ICCV 2015). The
/// same seed gives the same bits everywhere.
Mlp make_mlp(std::span<const Index> layer_sizes, std::uint64_t seed);

/// Makes layers of these sizes with all parameters zero.
Mlp make_zero_mlp(std::span<const Index> layer_sizes);

/// Sets the normalization of a network, which keeps its parameters.
void set_normalization(InputNormalization normalization, Mlp& mlp);

/// Returns the network that computes, to the last bit, the same from inputs as they are.
Mlp without_normalization(Mlp mlp);

/// Brings the transposed copies in step with weights that training did not write.
void transpose_weights(Mlp& mlp);

/// Returns the sizes that make_mlp was given.
std::vector<Index> layer_sizes(const Mlp& mlp);

/// Returns how many weights and biases there are.
Index parameter_count(const Mlp& mlp);

/// Returns the XXH3-128 of all parameters: layer by layer, weight then bias, row by row, without
/// padding. All NaNs count as the same.
std::string weights_digest(const Mlp& mlp);

/// Returns whether no parameter is NaN or infinite.
bool all_finite(const Mlp& mlp);

/// The gradient of every parameter, or anything else that has the parameters' shape.
struct Gradient {
  struct OfLayer {
    Tensor weight;
    Tensor bias;
  };
  std::vector<OfLayer> layers;
};

/// All that updates depend on besides parameters and gradients. What an optimizer does without has
/// no layers.
struct OptimizerState {
  Gradient velocity = {};  // the mean gradient
  Gradient squares = {};   // the mean squared gradient
  Gradient average = {};   // the mean parameters
};
inline constexpr std::array<std::pair<std::string_view, Gradient OptimizerState::*>, 3>
    kOptimizerStateParts = {{{"velocity", &OptimizerState::velocity},
                             {"squares", &OptimizerState::squares},
                             {"average", &OptimizerState::average}}};

/// Returns whether no number of it is NaN or infinite.
bool all_finite(const OptimizerState& state);

}  // namespace trp
