// What optimizers do to each element, as PyTorch has it; compiled once for each instruction set.
#if defined(TRP_NN_UPDATE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TRP_NN_UPDATE_INL_H
#undef TRP_NN_UPDATE_INL_H
#else
#define TRP_NN_UPDATE_INL_H
#endif

#include <type_traits>

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
///   Adam      v ← v + mean_share · (g − v);  s ← beta2 · s + square_share · g²;
///             w ← shrink · w − learning_rate · v / (root_scale · √s + epsilon)
/// and then the average ← average + average_share · (w − average).
class Updater {
 public:
  HWY_INLINE Updater(const UpdateCoefficients& k, const UpdatedTensors& tensors)
      : k_(k),
        weights_(tensors.weights.data()),
        velocity_(tensors.velocity.data()),
        squares_(tensors.squares.data()),
        average_(tensors.average.data()),
        learning_rate_(hn::Set(Floats(), k.learning_rate)),
        momentum_(hn::Set(Floats(), k.momentum)),
        weight_decay_(hn::Set(Floats(), k.weight_decay)),
        gradient_scale_(hn::Set(Floats(), k.gradient_scale)) {}

  /// Updates a vector of the elements from `place` on.
  template <UpdateRule kRule>
  HWY_INLINE void update(FloatVector gradient, Index place) const {
    const Floats d;
    const auto w = hn::Load(d, weights_ + place);
    const auto g = hn::MulAdd(weight_decay_, w, hn::Mul(gradient_scale_, gradient));
    const auto updated = kRule == UpdateRule::kAdam ? adam(w, g, place) : sgd<kRule>(w, g, place);
    hn::Store(updated, d, weights_ + place);
    if (!average_) return;
    const auto average = hn::Load(d, average_ + place);
    hn::Store(hn::MulAdd(hn::Set(d, k_.average_share), hn::Sub(updated, average), average), d,
              average_ + place);
  }

 private:
  template <UpdateRule kRule>
  HWY_INLINE FloatVector sgd(FloatVector w, FloatVector g, Index place) const {
    const Floats d;
    auto step = g;
    if (velocity_) {
      step = hn::MulAdd(momentum_, hn::Load(d, velocity_ + place), g);
      hn::Store(step, d, velocity_ + place);
      if (kRule == UpdateRule::kNesterov) step = hn::MulAdd(momentum_, step, g);
    }
    return hn::NegMulAdd(learning_rate_, step, w);
  }

  HWY_INLINE FloatVector adam(FloatVector w, FloatVector g, Index place) const {
    const Floats d;
    const auto old = hn::Load(d, velocity_ + place);
    const auto mean = hn::MulAdd(hn::Set(d, k_.mean_share), hn::Sub(g, old), old);
    hn::Store(mean, d, velocity_ + place);
    const auto kept = hn::Mul(hn::Set(d, k_.beta2), hn::Load(d, squares_ + place));
    const auto squares = hn::MulAdd(hn::Set(d, k_.square_share), hn::Mul(g, g), kept);
    hn::Store(squares, d, squares_ + place);
    const auto root =
        hn::MulAdd(hn::Sqrt(squares), hn::Set(d, k_.root_scale), hn::Set(d, k_.epsilon));
    return hn::NegMulAdd(learning_rate_, hn::Div(mean, root), hn::Mul(hn::Set(d, k_.shrink), w));
  }

  const UpdateCoefficients& k_;
  float* weights_;
  float* velocity_;
  float* squares_;
  float* average_;
  FloatVector learning_rate_;
  FloatVector momentum_;
  FloatVector weight_decay_;
  FloatVector gradient_scale_;
};

/// Calls update(constant), whose value is the rule.
template <class Update>
HWY_INLINE void with_rule(UpdateRule rule, const Update& update) {
  switch (rule) {
    case UpdateRule::kSgd:
      return update(std::integral_constant<UpdateRule, UpdateRule::kSgd>());
    case UpdateRule::kNesterov:
      return update(std::integral_constant<UpdateRule, UpdateRule::kNesterov>());
    case UpdateRule::kAdam:
      return update(std::integral_constant<UpdateRule, UpdateRule::kAdam>());
  }
}

/// Ends the chain of a vector of row i from column `col` on; link.shift is not null.
HWY_INLINE FloatVector end_chain(const LastLink& link, Index i, Index col, FloatVector sum) {
  const Floats d;
  sum = hn::MulAdd(hn::Set(d, link.shift[i]), hn::Load(d, link.sums + col), sum);
  return link.scale ? hn::Mul(sum, hn::Set(d, link.scale[i])) : sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();
#endif
