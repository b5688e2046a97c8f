// What optimizers do to each element, as PyTorch has it; compiled once for each instruction set.
#if defined(TRP_NN_UPDATE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TRP_NN_UPDATE_INL_H
#undef TRP_NN_UPDATE_INL_H
#else
#define TRP_NN_UPDATE_INL_H
#endif

#include <hwy/highway.h>

#include "nn/kernels.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kLineFloats>;
using FloatVector = hn::Vec<Floats>;

constexpr Index kLanes = static_cast<Index>(hn::MaxLanes(Floats()));

/// With the gradient g ← gradient_scale · g + weight_decay · w:
///   SGD       v ← momentum · v + g;  w ← w − learning_rate · v (Sutskever et al., "On the
///             importance of initialization and momentum", ICML 2013)
///   Nesterov  v ← momentum · v + g;  w ← w − learning_rate · (g + momentum · v)
///   Adam      v ← momentum · v + mean_share · g;  s ← beta2 · s + square_share · g²;
///             w ← shrink · w − learning_rate · v / (root_scale · √s + epsilon)
/// where what is below 2⁻⁶⁰ of v and w, and with Adam of g, is kept as zero, as is what is below
/// 2⁻¹²⁰ of s; and then the average ← average + average_share · (w − average).
struct UpdateVectors {
  FloatVector learning_rate;
  FloatVector momentum;
  FloatVector weight_decay;
  FloatVector gradient_scale;
};

HWY_INLINE UpdateVectors to_vectors(const UpdateCoefficients& k) {
  const Floats d;
  return {hn::Set(d, k.learning_rate), hn::Set(d, k.momentum), hn::Set(d, k.weight_decay),
          hn::Set(d, k.gradient_scale)};
}

constexpr float kTiny = 0x1p-60F;

/// What is kept of gradients that have ended, and weights that decay, would get ever smaller until
/// they are denormal, with which some processors compute a hundred times as slowly.
HWY_INLINE FloatVector zero_if_tiny(FloatVector value, float tiny) {
  const Floats d;
  return hn::IfThenZeroElse(hn::Le(hn::Abs(value), hn::Set(d, tiny)), value);  // keeps NaN
}

/// The update of a vector of weights w by SGD, whose velocity may be null.
template <UpdateRule kRule>
HWY_INLINE FloatVector sgd(const UpdateVectors& k, FloatVector gradient, FloatVector w,
                           float* velocity) {
  const Floats d;
  const auto g = hn::MulAdd(k.weight_decay, w, hn::Mul(k.gradient_scale, gradient));
  auto step = g;
  if (velocity) {
    step = hn::MulAdd(k.momentum, hn::Load(d, velocity), g);
    hn::Store(zero_if_tiny(step, kTiny), d, velocity);
    if (kRule == UpdateRule::kNesterov) step = hn::MulAdd(k.momentum, step, g);
  }
  return hn::NegMulAdd(k.learning_rate, step, w);
}

HWY_INLINE FloatVector adam(const UpdateCoefficients& k, FloatVector gradient, FloatVector w,
                            float* velocity, float* squares) {
  const Floats d;
  const auto g =
      hn::MulAdd(hn::Set(d, k.weight_decay), w, hn::Mul(hn::Set(d, k.gradient_scale), gradient));
  const auto kept_mean = hn::Mul(hn::Set(d, k.momentum), hn::Load(d, velocity));
  const auto mean = zero_if_tiny(hn::MulAdd(hn::Set(d, k.mean_share), g, kept_mean), kTiny);
  hn::Store(mean, d, velocity);
  const auto kept = hn::Mul(hn::Set(d, k.beta2), hn::Load(d, squares));
  const auto counted = zero_if_tiny(g, kTiny);
  const auto square = zero_if_tiny(
      hn::MulAdd(hn::Set(d, k.square_share), hn::Mul(counted, counted), kept), kTiny * kTiny);
  hn::Store(square, d, squares);
  const auto root = hn::MulAdd(hn::Sqrt(square), hn::Set(d, k.root_scale), hn::Set(d, k.epsilon));
  return hn::NegMulAdd(hn::Set(d, k.learning_rate), hn::Div(mean, root),
                       hn::Mul(hn::Set(d, k.shrink), w));
}

template <UpdateRule kRule>
void update_by_rule(ConstTensorView gradient, const UpdateCoefficients& coefficients,
                    const UpdatedTensors& tensors) {
  const Floats d;
  const UpdateVectors k = to_vectors(coefficients);
  const auto share = hn::Set(d, coefficients.average_share);
  const bool has_velocity = tensors.velocity.data(), has_average = tensors.average.data();
  for (Index row = 0; row < gradient.rows(); ++row)
    for (Index col = 0; col < gradient.cols(); col += kLanes) {
      const auto g = hn::Load(d, gradient.row(row) + col);
      float* weights = tensors.weights.row(row) + col;
      float* velocity = has_velocity ? tensors.velocity.row(row) + col : nullptr;
      const auto old = hn::Load(d, weights);
      FloatVector w;
      if constexpr (kRule == UpdateRule::kAdam)
        w = adam(coefficients, g, old, velocity, tensors.squares.row(row) + col);
      else
        w = sgd<kRule>(k, g, old, velocity);
      w = zero_if_tiny(w, kTiny);
      hn::Store(w, d, weights);
      if (!has_average) continue;
      float* average = tensors.average.row(row) + col;
      const auto mean = hn::Load(d, average);
      hn::Store(hn::MulAdd(share, hn::Sub(w, mean), mean), d, average);
    }
}

inline void update_all(ConstTensorView gradient, const UpdateCoefficients& k,
                       const UpdatedTensors& tensors) {
  switch (k.rule) {
    case UpdateRule::kSgd:
      return update_by_rule<UpdateRule::kSgd>(gradient, k, tensors);
    case UpdateRule::kNesterov:
      return update_by_rule<UpdateRule::kNesterov>(gradient, k, tensors);
    case UpdateRule::kAdam:
      return update_by_rule<UpdateRule::kAdam>(gradient, k, tensors);
  }
}

/// Ends the chain of a vector of row `row`, whose columns begin at `col`; link.shift is not null.
HWY_INLINE FloatVector end_chain(const LastLink& link, Index row, Index col, FloatVector sum) {
  const Floats d;
  const auto ended = hn::MulAdd(hn::Set(d, link.shift[row]), hn::Load(d, link.sums + col), sum);
  return link.scale ? hn::Mul(ended, hn::Set(d, link.scale[row])) : ended;
}

inline void end_all_chains(const LastLink& link, TensorView gradient) {
  const Floats d;
  for (Index row = 0; row < gradient.rows(); ++row)
    for (Index col = 0; col < gradient.cols(); col += kLanes) {
      float* sum = gradient.row(row) + col;
      hn::Store(end_chain(link, row, col, hn::Load(d, sum)), d, sum);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();
#endif
