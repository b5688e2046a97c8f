#include "nn/mlp.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

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

template <class Layers>
static bool all_finite(const Layers& layers) {
  return std::ranges::all_of(layers, [](const auto& layer) {
    return layer.weight.view().matrix().allFinite() && layer.bias.view().matrix().allFinite();
  });
}

bool all_finite(const Mlp& mlp) { return all_finite(mlp.layers); }

bool all_finite(const OptimizerState& state) {
  return std::ranges::all_of(kOptimizerStateParts, [&](const auto& part) {
    return all_finite((state.*part.second).layers);
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

Dropout Dropout::of_rows(Range rows) const {
  Dropout part = *this;
  if (!rates.empty())
    part.samples = samples.subspan(static_cast<std::size_t>(rows.begin),
                                   static_cast<std::size_t>(rows.size()));
  return part;
}

/// Sets what is dropped of columns of layer l's output to zero and enlarges the rest.
static void drop_outputs(const Dropout& dropout, std::size_t l, Range cols, TensorView result) {
  constexpr std::uint64_t kNumbersOfLayer = 1 << 24;
  constexpr auto kGroup = static_cast<Index>(RandomStream::kGroupWords);
  const auto limit = static_cast<std::uint32_t>(dropout.rates[l] * 0x1p32);
  const auto scale = static_cast<float>(1 / (1 - dropout.rates[l]));
  const Index first = dropout.first_output + cols.begin, end = dropout.first_output + cols.end;
  std::array<std::uint32_t, RandomStream::kGroupWords> words;
  for (Index row = 0; row < result.rows(); ++row) {
    RandomStream random(dropout.seed, RandomPurpose::kDropout,
                        static_cast<std::uint32_t>(dropout.epoch),
                        dropout.samples[static_cast<std::size_t>(row)]);
    Index group = first / kGroup * kGroup;
    random.skip_to(l * kNumbersOfLayer + static_cast<std::uint64_t>(group));
    for (; group < end; group += kGroup) {
      random.fill_words(words);
      float* output = result.row(row) - dropout.first_output;
      for (Index o = std::max(first, group); o < std::min(end, group + kGroup); ++o) {
        const bool is_dropped = words[static_cast<std::size_t>(o - group)] < limit;
        output[o] = is_dropped ? 0 : output[o] * scale;
      }
    }
  }
}

void fold_weight(const Tile& tile, Mlp& mlp) {
  Tensor& folded = mlp.folded.weight;
  for (Index row = tile.rows.begin; row < tile.rows.end && folded.rows() > 0; ++row) {
    const float scale = mlp.normalization.scale(0, row);
    const float* weight = mlp.layers[0].weight.row(row);
    for (Index col = tile.cols.begin; col < tile.cols.end; ++col)
      folded.row(row)[col] = weight[col] * scale;
  }
}

/// The first layer's weight for inputs as they are.
static const Tensor& folded_weight(const Mlp& mlp) {
  return mlp.folded.weight.rows() > 0 ? mlp.folded.weight : mlp.layers[0].weight;
}

void fold_bias(Mlp& mlp, Range cols) {
  if (!is_normalized(mlp, 0)) return;
  const auto of = [cols](auto& tensor) { return tensor.view().view_cols(cols.begin, cols.end); };
  of(mlp.folded.bias).matrix() = of(mlp.layers[0].bias).matrix();
  add_weighted_rows(of(folded_weight(mlp)), mlp.normalization.shift.view(), of(mlp.folded.bias));
}

void fold_bias(Mlp& mlp) { fold_bias(mlp, {0, mlp.layers[0].weight.cols()}); }

void fold(Mlp& mlp) {
  fold_weight({0, {0, mlp.input_size()}, {0, mlp.layers[0].weight.cols()}, true}, mlp);
  fold_bias(mlp);
}

void set_normalization(InputNormalization normalization, Mlp& mlp) {
  mlp.normalization = std::move(normalization);
  const Index in = mlp.input_size(), out = mlp.layers[0].weight.cols();
  if (mlp.normalization.scale.cols() > 0) mlp.folded.weight = Tensor(in, out);
  mlp.folded.bias = Tensor(1, out);
  fold(mlp);
}

Mlp without_normalization(Mlp mlp) {
  if (mlp.folded.weight.rows() > 0) mlp.layers[0].weight = std::move(mlp.folded.weight);
  if (mlp.folded.bias.cols() > 0) mlp.layers[0].bias = std::move(mlp.folded.bias);
  return {.layers = std::move(mlp.layers)};
}

void forward_layer(const Mlp& mlp, std::size_t l, const InputView& x, Range outputs,
                   TensorView result, const Dropout& dropout) {
  const Layer& layer = mlp.layers[l];
  const bool is_last = l == mlp.layers.size() - 1;
  const bool is_folded = is_normalized(mlp, l);
  const Tensor& bias = is_folded ? mlp.folded.bias : layer.bias;
  const Tensor& weight = is_folded ? folded_weight(mlp) : layer.weight;
  forward_product(x, weight.view().view_cols(outputs.begin, outputs.end),
                  bias.view().view_cols(outputs.begin, outputs.end),
                  is_last ? Activation::kNone : Activation::kRelu,
                  result.view_cols(outputs.begin, outputs.end));
  if (!is_last && !dropout.rates.empty()) drop_outputs(dropout, l, outputs, result);
}

void backward_layer(const Mlp& mlp, std::size_t l, ConstTensorView dz, ConstTensorView x,
                    Range inputs, TensorView result, const Dropout& dropout) {
  const TensorView own = result.view_cols(inputs.begin, inputs.end);
  input_gradient_product(dz,
                         mlp.layers[l].weight_transposed.view().view_cols(inputs.begin, inputs.end),
                         x.view_cols(inputs.begin, inputs.end), own);
  if (!dropout.rates.empty()) own.matrix() *= static_cast<float>(1 / (1 - dropout.rates[l - 1]));
}

void forward(const Mlp& mlp, const InputView& input, Range rows, Activations& activations,
             std::size_t first_layer, const Dropout& dropout) {
  for (std::size_t l = first_layer; l < mlp.layers.size(); ++l) {
    Tensor& result = activations.outputs[l];
    forward_layer(mlp, l, rows_of_input(input, activations, rows, l), {0, result.cols()},
                  result.view_rows(rows.begin, rows.end), dropout.of_rows(rows));
  }
}

void backward(const Mlp& mlp, Range rows, Activations& activations, std::size_t first_layer,
              const Dropout& dropout) {
  for (std::size_t l = mlp.layers.size() - 1; l > 0 && l >= first_layer; --l) {
    Tensor& result = activations.gradients[l - 1];
    backward_layer(mlp, l, activations.gradients[l].view_rows(rows.begin, rows.end),
                   activations.outputs[l - 1].view_rows(rows.begin, rows.end), {0, result.cols()},
                   result.view_rows(rows.begin, rows.end), dropout);
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

LastLink last_link(const Mlp& mlp, const Tile& tile, ConstTensorView sums) {
  const InputNormalization& normalization = mlp.normalization;
  if (!is_normalized(mlp, tile.layer)) return {};
  const auto from_tile = [&](const Tensor& of_inputs) {
    return of_inputs.cols() > 0 ? of_inputs.row(0) + tile.rows.begin : nullptr;
  };
  return {from_tile(normalization.shift), from_tile(normalization.scale), sums.data()};
}

TileGradient ended_gradient(const Mlp& mlp, const Tile& tile, Gradient& gradient) {
  const TileGradient of = of_tile(gradient, tile);
  const ConstTensorView sums = std::as_const(gradient.layers[tile.layer].bias).view();
  end_chains(last_link(mlp, tile, sums.view_cols(tile.cols.begin, tile.cols.end)), of.weight);
  return of;
}

void tile_gradient(const TileFactors& factors, const Tile& tile, ChainStart start,
                   TileGradient gradient) {
  weight_gradient_product(factors.x, factors.dz, start, gradient.weight);
  if (tile.with_bias) bias_gradient_sum(factors.dz, start, gradient.bias);
}

}  // namespace trp
