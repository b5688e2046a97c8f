#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/partition.h"
#include "core/tensor.h"
#include "nn/kernels.h"

namespace trp {

struct Layer {
  Tensor weight;  // [in, out]
  Tensor bias;    // [1, out]
  /// A copy of the weight, [out, in], for the gradient with respect to the input; kept in step by
  /// Sgd. Empty in the first layer, whose input has no gradient.
  Tensor weight_transposed;
};

/// A multi-layer perceptron: ReLU between the layers, logits at the end. One layer at least.
/// Constant while a gradient is computed, so threads may share it.
struct Mlp {
  std::vector<Layer> layers;
  /// The form in which batches for this network hold its input; the result is the same. With kSkip
  /// bytes, so only for data sets of bytes and without noise.
  ZeroInputs zero_inputs = ZeroInputs::kMultiply;

  Index input_size() const { return layers.front().weight.rows(); }
  Index output_size() const { return layers.back().weight.cols(); }
};

/// Layers of sizes [0] → [1] → … with biases zero and weights uniform in ±√(6 / in): the uniform
/// form of He initialisation (He et al., "Delving deep into rectifiers", ICCV 2015), the same bits
/// everywhere for the same seed.
Mlp make_mlp(std::span<const Index> layer_sizes, std::uint64_t seed);

/// The same layers with all parameters zero.
Mlp make_zero_mlp(std::span<const Index> layer_sizes);

/// Brings the transposed copies in step with weights that were not written by Sgd.
void transpose_weights(Mlp& mlp);

/// The sizes that make_mlp was given.
std::vector<Index> layer_sizes(const Mlp& mlp);

Index parameter_count(const Mlp& mlp);

/// XXH3-128 of all parameters: layer by layer, weight then bias, row by row, without padding.
std::string weights_digest(const Mlp& mlp);

/// True when no parameter is NaN or infinite.
bool all_finite(const Mlp& mlp);

/// A block of one layer's weight, the unit in which gradients are merged and applied.
struct Tile {
  std::size_t layer;
  Range rows;      // begins at a multiple of kTileInputs
  Range cols;      // begins at a multiple of kLineFloats
  bool with_bias;  // the first rows of a layer stand for its bias too
};

inline constexpr Index kTileInputs = kBlockBytes;  // rows of a tile at most

/// Layer by layer from its first row to its last. Tiles are cut into rows by the network alone,
/// never by workers, and are as wide as the layer.
std::vector<Tile> make_tiles(const Mlp& mlp);

/// The gradient of a tile: weight [tile rows, tile cols]; bias [1, tile cols], or no rows without
/// bias.
struct TileGradient {
  TensorView weight;
  TensorView bias;
};

/// The gradient of every parameter.
struct Gradient {
  struct OfLayer {
    Tensor weight;
    Tensor bias;
  };
  std::vector<OfLayer> layers;

  TileGradient of_tile(const Tile& tile);
};

Gradient make_gradient(const Mlp& mlp);

/// What a batch leaves behind on its way through the network, a row per sample. Workers may fill
/// different rows at once.
struct Activations {
  std::vector<Tensor> outputs;    // of each layer after ReLU; of the last one, the logits
  std::vector<Tensor> gradients;  // of the loss with respect to each layer's output before ReLU
};

Activations make_activations(const Mlp& mlp, Index row_count);

/// Columns `outputs` of layer l's output, after ReLU but in the last layer, from the rows of its
/// input x [rows, in]; result [rows, out].
void forward_layer(const Mlp& mlp, std::size_t l, const InputView& x, Range outputs,
                   TensorView result);

/// Columns `inputs` of the gradient with respect to the output before ReLU of layer l − 1, from
/// that of layer l, dz [rows, out], and the output after ReLU of layer l − 1, x [rows, in]; result
/// [rows, in].
void backward_layer(const Mlp& mlp, std::size_t l, ConstTensorView dz, ConstTensorView x,
                    Range inputs, TensorView result);

/// Fills outputs[0], …, outputs.back() in `rows` from the same rows of input.
void forward(const Mlp& mlp, const InputView& input, Range rows, Activations& activations);

/// Fills the gradients of all layers but the last in `rows`, from that of the last.
void backward(const Mlp& mlp, Range rows, Activations& activations);

/// The gradient of a tile's weight is the product xᵀ dz; that of its bias is the sum of dz's rows.
struct TileFactors {
  InputView x;         // [samples, tile rows]
  ConstTensorView dz;  // [samples, tile cols]
};

/// A tile's part of its layer's input x [samples, in] and output gradient dz [samples, out].
TileFactors tile_factors(const InputView& x, ConstTensorView dz, const Tile& tile);

/// The same of the samples in `rows` of a batch.
TileFactors tile_factors(const InputView& input, const Activations& activations, Range rows,
                         const Tile& tile);

/// Starts or continues the chains of a tile's gradient with the samples of the factors.
void tile_gradient(const TileFactors& factors, const Tile& tile, ChainStart start,
                   TileGradient gradient);

}  // namespace trp
