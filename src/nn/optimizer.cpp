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
  const bool is_adam = options_.kind != OptimizerKind::kSgd;
  if (is_adam || options_.momentum != 0) state_.velocity = make_gradient(mlp);
  if (is_adam) state_.squares = make_gradient(mlp);
  if (options_.average_weights > 0) state_.average = make_gradient(mlp);
}

StepRates Optimizer::rates(double learning_rate, std::int64_t step) {
  if (step < powers_step_) mean_power_ = square_power_ = 1, powers_step_ = 0;
  for (; powers_step_ < step; ++powers_step_) {
    mean_power_ *= options_.beta1;
    square_power_ *= options_.beta2;
  }
  return {.learning_rate = static_cast<float>(learning_rate),
          .mean_correction = 1 - mean_power_,
          .square_correction = 1 - square_power_,
          // The mean begins with the parameters after the first step.
          .average_share = step == 1 ? 1 : static_cast<float>(1 - options_.average_weights)};
}

UpdateCoefficients Optimizer::coefficients(const StepRates& rates, float gradient_scale) const {
  UpdateCoefficients k = {.learning_rate = rates.learning_rate,
                          .momentum = options_.momentum,
                          .weight_decay = static_cast<float>(options_.weight_decay),
                          .gradient_scale = gradient_scale,
                          .average_share = rates.average_share};
  if (options_.kind == OptimizerKind::kSgd) {
    if (options_.nesterov) k.rule = UpdateRule::kNesterov;
    return k;
  }
  const double rate = rates.learning_rate;
  k.rule = UpdateRule::kAdam;
  k.learning_rate = static_cast<float>(rate / rates.mean_correction);
  k.momentum = static_cast<float>(options_.beta1);
  k.mean_share = static_cast<float>(1 - options_.beta1);
  k.beta2 = static_cast<float>(options_.beta2);
  k.square_share = static_cast<float>(1 - options_.beta2);
  k.root_scale = static_cast<float>(1 / std::sqrt(rates.square_correction));
  k.epsilon = static_cast<float>(options_.epsilon);
  if (options_.kind == OptimizerKind::kAdamw) {
    k.weight_decay = 0;
    k.shrink = static_cast<float>(1 - rate * options_.weight_decay);
  }
  return k;
}

float Optimizer::clip_scale(double squared_norm) const {
  const double norm = std::sqrt(squared_norm);
  return norm > options_.clip_norm ? static_cast<float>(options_.clip_norm / norm) : 1.0F;
}

void Optimizer::update(const Tile& tile, const GradientSource& gradient, const StepRates& rates,
                       float gradient_scale, TileGradient scratch, Mlp& mlp) {
  const UpdateCoefficients k = coefficients(rates, gradient_scale);
  Layer& layer = mlp.layers[tile.layer];
  const auto part_of = [&](Gradient& of) {
    return of.layers.empty() ? TileGradient{} : of_tile(of, tile);
  };
  const TileGradient parameters = of_tile(layer.weight, layer.bias, tile);
  const TileGradient velocity = part_of(state_.velocity), squares = part_of(state_.squares),
                     average = part_of(state_.average);
  const UpdatedTensors weights = {parameters.weight, velocity.weight, squares.weight,
                                  average.weight};
  ConstTensorView bias_gradient;
  if (const auto* factors = std::get_if<TileFactors>(&gradient)) {
    bias_gradient = factors->sums;
    if (bias_gradient.rows() == 0 && (tile.with_bias || is_normalized(mlp, tile.layer))) {
      bias_gradient_sum(factors->dz, ChainStart::kZero, scratch.bias);
      bias_gradient = scratch.bias;
    }
    weight_gradient_update(factors->x, factors->dz, last_link(mlp, tile, bias_gradient), k,
                           scratch.weight, weights);
  } else {
    const auto& sums = std::get<TileGradient>(gradient);
    update_with(sums.weight, k, weights);
    bias_gradient = sums.bias;
  }
  if (tile.with_bias)
    update_with(bias_gradient, k, {parameters.bias, velocity.bias, squares.bias, average.bias});
  tile.layer > 0 ? copy_transposed(tile, layer) : fold_weight(tile, mlp);
}

void take_average(const OptimizerState& state, Mlp& mlp) {
  if (state.average.layers.empty()) return;
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    mlp.layers[l].weight = state.average.layers[l].weight;
    mlp.layers[l].bias = state.average.layers[l].bias;
  }
  transpose_weights(mlp);
  fold(mlp);
}

void squared_column_norms(const TileGradient& gradient, std::span<double> norms) {
  std::fill(norms.begin(), norms.end(), 0.0);
  add_squares(gradient.weight, norms.data());
  add_squares(gradient.bias, norms.data());
}

}  // namespace trp
