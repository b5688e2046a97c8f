#include "nn/mlp.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "core/digest.h"
#include "core/random.h"

namespace trp {

Mlp make_zero_mlp(std::span<const Index> layer_sizes) {
  assert(layer_sizes.size() >= 2);
  Mlp mlp;
  for (std::size_t l = 0; l + 1 < layer_sizes.size(); ++l) {
    const Index in = layer_sizes[l];
    const Index out = layer_sizes[l + 1];
    mlp.layers.push_back({Tensor(in, out), Tensor(1, out), l > 0 ? Tensor(out, in) : Tensor()});
  }
  return mlp;
}

Mlp make_mlp(std::span<const Index> layer_sizes, std::uint64_t seed) {
  Mlp mlp = make_zero_mlp(layer_sizes);
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    Tensor& weight = mlp.layers[l].weight;
    RandomStream random(seed, RandomPurpose::kWeights, 0, static_cast<std::uint32_t>(l));
    const float bound = std::sqrt(6.0F / static_cast<float>(weight.rows()));
    for (Index i = 0; i < weight.rows(); ++i)
      for (Index o = 0; o < weight.cols(); ++o) weight(i, o) = (2 * random.uniform() - 1) * bound;
  }
  transpose_weights(mlp);
  return mlp;
}

void transpose_weights(Mlp& mlp) {
  for (Layer& layer : mlp.layers)
    if (layer.weight_transposed.rows() > 0)
      layer.weight_transposed.view().matrix() = layer.weight.view().matrix().transpose();
}

std::vector<Index> layer_sizes(const Mlp& mlp) {
  std::vector<Index> sizes = {mlp.input_size()};
  for (const Layer& layer : mlp.layers) sizes.push_back(layer.weight.cols());
  return sizes;
}

Index parameter_count(const Mlp& mlp) {
  Index count = 0;
  for (const Layer& layer : mlp.layers) count += (layer.weight.rows() + 1) * layer.weight.cols();
  return count;
}

std::string weights_digest(const Mlp& mlp) {
  Digest digest;
  std::vector<float> values;
  const auto update = [&](const Tensor& tensor) {
    for (Index row = 0; row < tensor.rows(); ++row) {
      values.assign(tensor.row(row), tensor.row(row) + tensor.cols());
      // Processors disagree about the sign of a NaN.
      std::ranges::replace_if(
          values, [](float value) { return std::isnan(value); },
          std::numeric_limits<float>::quiet_NaN());
      digest.update(values.data(), values.size() * sizeof(float));
    }
  };
  for (const Layer& layer : mlp.layers) {
    update(layer.weight);
    update(layer.bias);
  }
  return digest.to_string();
}

bool all_finite(const Mlp& mlp) {
  return std::all_of(mlp.layers.begin(), mlp.layers.end(), [](const Layer& layer) {
    return layer.weight.view().matrix().allFinite() && layer.bias.view().matrix().allFinite();
  });
}

Index tile_inputs(Index in, Index out) {
  const Index parameters = in * out;
  constexpr Index kLarge = Index{1} << 19;
  return kBlockBytes * (parameters < kLarge ? 1 : parameters < 2 * kLarge ? 3 : 6);
}

std::vector<Tile> make_tiles(const Mlp& mlp) {
  std::vector<Tile> tiles;
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const Index in = mlp.layers[l].weight.rows();
    const Index rows = tile_inputs(in, mlp.layers[l].weight.cols());
    const Index tile_count = (in + rows - 1) / rows;
    for (Index t = 0; t < tile_count; ++t)
      tiles.push_back({l,
                       split_evenly(in, tile_count, t, kBlockBytes),
                       {0, mlp.layers[l].weight.cols()},
                       t == 0});
  }
  return tiles;
}

TileGradient of_tile(Tensor& weight, Tensor& bias, const Tile& tile) {
  const auto [begin, end] = tile.cols;
  return {weight.view_rows(tile.rows.begin, tile.rows.end).view_cols(begin, end),
          bias.view_rows(0, tile.with_bias ? 1 : 0).view_cols(begin, end)};
}

TileGradient of_tile(Gradient& gradient, const Tile& tile) {
  Gradient::OfLayer& layer = gradient.layers[tile.layer];
  return of_tile(layer.weight, layer.bias, tile);
}

Gradient make_gradient(const Mlp& mlp) {
  Gradient gradient;
  for (const Layer& layer : mlp.layers)
    gradient.layers.push_back(
        {Tensor(layer.weight.rows(), layer.weight.cols()), Tensor(1, layer.weight.cols())});
  return gradient;
}

Activations make_activations(const Mlp& mlp, Index row_count) {
  Activations activations;
  for (const Layer& layer : mlp.layers) {
    activations.outputs.emplace_back(row_count, layer.weight.cols());
    activations.gradients.emplace_back(row_count, layer.weight.cols());
  }
  return activations;
}

InputView rows_of_input(const InputView& input, const Activations& activations, Range rows,
                        std::size_t l) {
  return l == 0 ? view_rows(input, rows.begin, rows.end)
                : activations.outputs[l - 1].view_rows(rows.begin, rows.end);
}

void forward_layer(const Mlp& mlp, std::size_t l, const InputView& x, Range outputs,
                   TensorView result) {
  const Layer& layer = mlp.layers[l];
  const bool is_last = l == mlp.layers.size() - 1;
  forward_product(x, layer.weight.view().view_cols(outputs.begin, outputs.end),
                  layer.bias.view().view_cols(outputs.begin, outputs.end),
                  is_last ? Activation::kNone : Activation::kRelu,
                  result.view_cols(outputs.begin, outputs.end));
}

void backward_layer(const Mlp& mlp, std::size_t l, ConstTensorView dz, ConstTensorView x,
                    Range inputs, TensorView result) {
  input_gradient_product(
      dz, mlp.layers[l].weight_transposed.view().view_cols(inputs.begin, inputs.end),
      x.view_cols(inputs.begin, inputs.end), result.view_cols(inputs.begin, inputs.end));
}

void forward(const Mlp& mlp, const InputView& input, Range rows, Activations& activations,
             std::size_t first_layer) {
  for (std::size_t l = first_layer; l < mlp.layers.size(); ++l) {
    Tensor& result = activations.outputs[l];
    forward_layer(mlp, l, rows_of_input(input, activations, rows, l), {0, result.cols()},
                  result.view_rows(rows.begin, rows.end));
  }
}

void backward(const Mlp& mlp, Range rows, Activations& activations, std::size_t first_layer) {
  for (std::size_t l = mlp.layers.size() - 1; l > 0 && l >= first_layer; --l) {
    Tensor& result = activations.gradients[l - 1];
    backward_layer(mlp, l, activations.gradients[l].view_rows(rows.begin, rows.end),
                   activations.outputs[l - 1].view_rows(rows.begin, rows.end), {0, result.cols()},
                   result.view_rows(rows.begin, rows.end));
  }
}

TileFactors tile_factors(const InputView& x, ConstTensorView dz, const Tile& tile) {
  return {view_cols(x, tile.rows.begin, tile.rows.end),
          dz.view_cols(tile.cols.begin, tile.cols.end)};
}

TileFactors tile_factors(const InputView& input, const Activations& activations, Range rows,
                         const Tile& tile) {
  return tile_factors(rows_of_input(input, activations, rows, tile.layer),
                      activations.gradients[tile.layer].view_rows(rows.begin, rows.end), tile);
}

void tile_gradient(const TileFactors& factors, const Tile& tile, ChainStart start,
                   TileGradient gradient) {
  weight_gradient_product(factors.x, factors.dz, start, gradient.weight);
  if (tile.with_bias) bias_gradient_sum(factors.dz, start, gradient.bias);
}

}  // namespace trp
