#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/partition.h"
#include "nn/kernels.h"
#include "trp/mlp.h"
#include "trp/tensor.h"

namespace trp {

/// A block of one layer's weight, the unit in which gradients are merged and applied.
struct Tile {
  std::size_t layer;
  Range rows;      // begins at a multiple of kBlockBytes
  Range cols;      // begins at a multiple of kLineFloats
  bool with_bias;  // the first rows of a layer stand for its bias too
};

/// Returns how many rows the tiles of a layer [in, out] have at most, a multiple of kBlockBytes:
/// the larger the layer, the more often do factors have to be used that come from far away.
Index tile_inputs(Index in, Index out);

/// Returns the tiles of all layers, each from its first row to its last. They are cut into rows by
/// the network alone, never by workers, and are as wide as the layer.
std::vector<Tile> make_tiles(const Mlp& mlp);

/// The gradient of a tile: weight [tile rows, tile cols]; bias [1, tile cols], or no rows without
/// bias.
struct TileGradient {
  TensorView weight;
  TensorView bias;
};

/// Returns the part of a layer's parameters, or of a gradient, that is a tile's.
TileGradient of_tile(Tensor& weight, Tensor& bias, const Tile& tile);
TileGradient of_tile(Gradient& gradient, const Tile& tile);

/// Makes a gradient of zeros.
Gradient make_gradient(const Mlp& mlp);

/// What a batch leaves behind on its way through the network, a row per sample. Workers may fill
/// different rows at once.
struct Activations {
  std::vector<Tensor> outputs;    // of each layer after ReLU; of the last one, the logits
  std::vector<Tensor> gradients;  // of the loss with respect to each layer's output before ReLU
};

/// Makes room for the activations of a batch of so many rows.
Activations make_activations(const Mlp& mlp, Index row_count);

/// Returns what layer l gets of the samples in `rows` of a batch.
InputView rows_of_input(const InputView& input, const Activations& activations, Range rows,
                        std::size_t l);

/// Which outputs of hidden layers a sample goes without in one epoch (Srivastava et al., "Dropout:
/// a simple way to prevent neural networks from overfitting", JMLR 2014). It is drawn for each
/// sample, so it does not depend on who asks, nor on the batch. What is not dropped of a layer is
/// divided by 1 − its rate.
struct Dropout {
  std::span<const double> rates = {};  // of each hidden layer; empty: nothing is dropped
  std::uint64_t seed = 0;
  int epoch = 0;
  std::span<const std::uint32_t> samples = {};  // the numbers of those in the rows
  Index first_output = 0;                       // that column 0 stands for

  Dropout of_rows(Range rows) const;
};

/// Brings `folded` in step with the first layer's parameters: its weight in a tile of the first
/// layer; its bias, when all of the weight is; or both.
void fold_weight(const Tile& tile, Mlp& mlp);
void fold_bias(Mlp& mlp);
void fold_bias(Mlp& mlp, Range cols);
void fold(Mlp& mlp);

/// Computes columns `outputs` of layer l's output, after ReLU but in the last layer, from the rows
/// of its input x [rows, in], and drops some; result [rows, out].
void forward_layer(const Mlp& mlp, std::size_t l, const InputView& x, Range outputs,
                   TensorView result, const Dropout& dropout = {});

/// Computes columns `inputs` of the gradient with respect to the output before ReLU of layer l − 1,
/// from that of layer l, dz [rows, out], and the output of layer l − 1, x [rows, in]; result
/// [rows, in].
void backward_layer(const Mlp& mlp, std::size_t l, ConstTensorView dz, ConstTensorView x,
                    Range inputs, TensorView result, const Dropout& dropout = {});

/// Fills outputs[first_layer], …, outputs.back() in `rows` from the same rows of the output before
/// them or, if there is none, of input. The samples of `dropout` are those of all rows.
void forward(const Mlp& mlp, const InputView& input, Range rows, Activations& activations,
             std::size_t first_layer = 0, const Dropout& dropout = {});

/// Fills the gradients from layer first_layer − 1 on, but that of the last layer, in `rows`, from
/// that of the last.
void backward(const Mlp& mlp, Range rows, Activations& activations, std::size_t first_layer = 0,
              const Dropout& dropout = {});

/// The gradient of a tile's weight is the product xᵀ dz; that of its bias is the sum of dz's rows.
struct TileFactors {
  InputView x;                // [samples, tile rows]
  ConstTensorView dz;         // [samples, tile cols]
  ConstTensorView sums = {};  // of dz's rows, [1, tile cols], if they are known
};

/// Returns a tile's part of its layer's input x [samples, in] and output gradient
/// dz [samples, out].
TileFactors tile_factors(const InputView& x, ConstTensorView dz, const Tile& tile);

/// Returns a tile's factors of the samples in `rows` of a batch.
TileFactors tile_factors(const InputView& input, const Activations& activations, Range rows,
                         const Tile& tile);

/// Returns whether the inputs of layer l are normalized: of the first one, if any.
inline bool is_normalized(const Mlp& mlp, std::size_t l) {
  return l == 0 && mlp.normalization.shift.cols() > 0;
}

/// Returns how the chains of a tile's weight gradient end, whose bias gradient is `sums`.
LastLink last_link(const Mlp& mlp, const Tile& tile, ConstTensorView sums);

/// Ends the chains of a tile's weight gradient, whose layer's bias gradient is whole, and returns
/// the tile's part of the gradient.
TileGradient ended_gradient(const Mlp& mlp, const Tile& tile, Gradient& gradient);

/// Starts or continues the chains of a tile's gradient with the samples of the factors; see
/// last_link() for how they end.
void tile_gradient(const TileFactors& factors, const Tile& tile, ChainStart start,
                   TileGradient gradient);

}  // namespace trp
