#include "nn/sgd.h"
#include "nn/mlp.h"

#include <algorithm>
#include <cmath>

namespace trp {
namespace {

TensorView weight_of(const Tile& tile, Mlp& mlp) {
  return mlp.layers[tile.layer]
      .weight.view_rows(tile.rows.begin, tile.rows.end)
      .view_cols(tile.cols.begin, tile.cols.end);
}

void copy_transposed(const Tile& tile, Layer& layer) {
  for (Index o = tile.cols.begin; o < tile.cols.end; ++o)
    for (Index i = tile.rows.begin; i < tile.rows.end; ++i)
      layer.weight_transposed(o, i) = layer.weight(i, o);
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

Sgd::Sgd(const Mlp& mlp, const SgdOptions& options) : options_(options) {
  if (options_.momentum != 0) velocity_ = make_gradient(mlp);
}

float Sgd::clip_scale(double squared_norm) const {
  const double norm = std::sqrt(squared_norm);
  return norm > options_.clip_norm ? static_cast<float>(options_.clip_norm / norm) : 1.0F;
}

SgdCoefficients Sgd::coefficients(float learning_rate, float gradient_scale) const {
  return {learning_rate, options_.momentum, options_.weight_decay, gradient_scale};
}

/// Empty without momentum.
TileGradient Sgd::velocity_of(const Tile& tile) {
  return options_.momentum != 0 ? of_tile(velocity_, tile) : TileGradient{};
}

void Sgd::update(const Tile& tile, const TileGradient& gradient, float learning_rate,
                 float gradient_scale, Mlp& mlp) {
  const SgdCoefficients k = coefficients(learning_rate, gradient_scale);
  sgd_update(gradient.weight, k, weight_of(tile, mlp), velocity_of(tile).weight);
  update_rest(tile, gradient.bias, k, mlp);
}

void Sgd::update(const Tile& tile, const TileFactors& factors, float learning_rate,
                 TileGradient scratch, Mlp& mlp) {
  const SgdCoefficients k = coefficients(learning_rate, 1);
  weight_gradient_update(factors.x, factors.dz, k, scratch.weight, weight_of(tile, mlp),
                         velocity_of(tile).weight);
  if (tile.with_bias) bias_gradient_sum(factors.dz, ChainStart::kZero, scratch.bias);
  update_rest(tile, scratch.bias, k, mlp);
}

void Sgd::update_rest(const Tile& tile, ConstTensorView bias_gradient,
                      const SgdCoefficients& coefficients, Mlp& mlp) {
  Layer& layer = mlp.layers[tile.layer];
  if (tile.with_bias)
    sgd_update(bias_gradient, coefficients,
               layer.bias.view().view_cols(tile.cols.begin, tile.cols.end), velocity_of(tile).bias);
  if (tile.layer > 0) copy_transposed(tile, layer);
}

void squared_column_norms(const TileGradient& gradient, std::span<double> norms) {
  std::fill(norms.begin(), norms.end(), 0.0);
  add_squares(gradient.weight, norms.data());
  add_squares(gradient.bias, norms.data());
}

}  // namespace trp
