// What the kernels of all instruction sets have in common; compiled once for each of them, in the
// files that include it.
#if defined(TRP_NN_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TRP_NN_SIMD_INL_H
#undef TRP_NN_SIMD_INL_H
#else
#define TRP_NN_SIMD_INL_H
#endif

#include <utility>

#include <hwy/highway.h>

#include "nn/product.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kLineFloats>;
using FloatVector = hn::Vec<Floats>;

constexpr Index kLanes = static_cast<Index>(hn::MaxLanes(Floats()));

/// Calls f(0), …, f(kCount − 1) without a loop, so that arrays indexed by f stay in registers.
template <int kCount, class F>
HWY_INLINE void unroll(const F& f) {
  [&f]<int... kIndex>(std::integer_sequence<int, kIndex...>) HWY_ATTR { (f(kIndex), ...); }
  (std::make_integer_sequence<int, kCount>());
}

struct SgdVectors {
  FloatVector learning_rate;
  FloatVector momentum;
  FloatVector weight_decay;
  FloatVector gradient_scale;
};

HWY_INLINE SgdVectors to_vectors(const SgdCoefficients& k) {
  const Floats d;
  return {hn::Set(d, k.learning_rate), hn::Set(d, k.momentum), hn::Set(d, k.weight_decay),
          hn::Set(d, k.gradient_scale)};
}

/// One vector of sgd_update.
HWY_INLINE void update_vector(const SgdVectors& k, FloatVector gradient, float* weights,
                              float* velocity) {
  const Floats d;
  const auto w = hn::Load(d, weights);
  auto step = hn::MulAdd(k.weight_decay, w, hn::Mul(k.gradient_scale, gradient));
  if (velocity) {
    step = hn::MulAdd(k.momentum, hn::Load(d, velocity), step);
    hn::Store(step, d, velocity);
  }
  hn::Store(hn::NegMulAdd(k.learning_rate, step, w), d, weights);
}

/// Finishes and stores kVectors vectors of a row. No result is −0: whether a chain that came to
/// nothing ends in +0 or −0 depends on whether zeros in it were left out.
template <int kVectors>
HWY_INLINE void finish(const Product& p, const FloatVector (&sums)[kVectors], Index row,
                       Index col) {
  const Floats d;
  const auto zero = hn::Zero(d);
  float* c = p.c + row * p.c_stride + col;
  switch (p.finish) {
    case Finish::kNone:
      return unroll<kVectors>(
          [&](int v) HWY_ATTR { hn::Store(hn::Add(sums[v], zero), d, c + v * kLanes); });
    case Finish::kRelu:
      return unroll<kVectors>([&](int v) HWY_ATTR {
        hn::Store(hn::IfThenZeroElse(hn::Le(sums[v], zero), sums[v]), d, c + v * kLanes);
      });
    case Finish::kMask: {
      const float* mask = p.mask + row * p.mask_stride + col;
      return unroll<kVectors>([&](int v) HWY_ATTR {
        const auto is_let_through = hn::Gt(hn::Load(d, mask + v * kLanes), zero);
        hn::Store(hn::IfThenElseZero(is_let_through, sums[v]), d, c + v * kLanes);
      });
    }
    case Finish::kUpdate:
      break;
  }
  const SgdVectors k = to_vectors(p.sgd);
  float* weights = p.weights + row * p.weights_stride + col;
  float* velocity = p.velocity ? p.velocity + row * p.weights_stride + col : nullptr;
  unroll<kVectors>([&](int v) HWY_ATTR {
    update_vector(k, hn::Add(sums[v], zero), weights + v * kLanes,
                  velocity ? velocity + v * kLanes : nullptr);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();
#endif
