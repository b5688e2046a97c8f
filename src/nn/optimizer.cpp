#include "nn/optimizer.h"

#include <algorithm>
#include <cmath>

namespace trp {
namespace {

/// Square by square, a cache line high and wide, while the next one is fetched.
void copy_transposed(const Tile& tile, Layer& layer) {
  const Index stride = layer.weight.stride();
  const Index transposed_stride = layer.weight_transposed.stride();
  for (Index row = tile.rows.begin; row < tile.rows.end; row += kLineFloats)
    for (Index col = tile.cols.begin; col < tile.cols.end; col += kLineFloats) {
      const Index row_count = std::min(kLineFloats, tile.rows.end - row);
      const Index col_count = std::min(kLineFloats, tile.cols.end - col);
      const float* from = layer.weight.row(row) + col;
      float* to = layer.weight_transposed.row(col) + row;
      for (Index i = 0; i < row_count; ++i) __builtin_prefetch(from + i * stride + kLineFloats);
      for (Index o = 0; o < col_count; ++o) {
        __builtin_prefetch(to + (o + kLineFloats) * transposed_stride, 1);
        for (Index i = 0; i < row_count; ++i) to[o * transposed_stride + i] = from[i * stride + o];
      }
    }
}

/// Adds the squares of each column to its sum.
void add_squares(ConstTensorView values, double* sums) {
  for (Index row = 0; row < values.rows(); ++row) {
    const float* value = values.row(row);
    for (Index col = 0; col < values.cols(); ++col) {
      const double v = value[col];
      sums[col] += v * v;
    }
  }
}

}  // namespace

Optimizer::Optimizer(const Mlp& mlp, const OptimizerOptions& options) : options_(options) {
  if (options_.momentum != 0) velocity_ = make_gradient(mlp);
}

float Optimizer::clip_scale(double squared_norm) const {
  const double norm = std::sqrt(squared_norm);
  return norm > options_.clip_norm ? static_cast<float>(options_.clip_norm / norm) : 1.0F;
}

void Optimizer::update(const Tile& tile, const GradientSource& gradient, float learning_rate,
                       float gradient_scale, TileGradient scratch, Mlp& mlp) {
  const SgdCoefficients k = {learning_rate, options_.momentum, options_.weight_decay,
                             gradient_scale};
  Layer& layer = mlp.layers[tile.layer];
  const TileGradient parameters = of_tile(layer.weight, layer.bias, tile);
  const TileGradient velocity = options_.momentum != 0 ? of_tile(velocity_, tile) : TileGradient{};
  ConstTensorView bias_gradient;
  if (const auto* factors = std::get_if<TileFactors>(&gradient)) {
    weight_gradient_update(factors->x, factors->dz, k, scratch.weight, parameters.weight,
                           velocity.weight);
    if (tile.with_bias) bias_gradient_sum(factors->dz, ChainStart::kZero, scratch.bias);
    bias_gradient = scratch.bias;
  } else {
    const auto& sums = std::get<TileGradient>(gradient);
    sgd_update(sums.weight, k, parameters.weight, velocity.weight);
    bias_gradient = sums.bias;
  }
  if (tile.with_bias) sgd_update(bias_gradient, k, parameters.bias, velocity.bias);
  if (tile.layer > 0) copy_transposed(tile, layer);
}

void squared_column_norms(const TileGradient& gradient, std::span<double> norms) {
  std::fill(norms.begin(), norms.end(), 0.0);
  add_squares(gradient.weight, norms.data());
  add_squares(gradient.bias, norms.data());
}

}  // namespace trp
