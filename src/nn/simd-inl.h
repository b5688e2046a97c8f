// What the kernels of all instruction sets have in common; compiled once for each of them, in the
// files that include it.
#if defined(TRP_NN_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef TRP_NN_SIMD_INL_H
#undef TRP_NN_SIMD_INL_H
#else
#define TRP_NN_SIMD_INL_H
#endif

#include <hwy/highway.h>

#include "nn/product.h"

// Accumulators stay in registers if loops over them are unrolled, and lambdas that get them
// inlined, before the compiler decides.
#undef TRP_UNROLL
#undef TRP_INLINE_LAMBDA
#if defined(__clang__)
#define TRP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TRP_UNROLL _Pragma("GCC unroll 16")
#endif
#define TRP_INLINE_LAMBDA HWY_ATTR __attribute__((always_inline))

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kLineFloats>;
using FloatVector = hn::Vec<Floats>;

constexpr Index kLanes = static_cast<Index>(hn::MaxLanes(Floats()));

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

/// Calls f(sum, row, vector) for each accumulator of a tile.
template <int kRows, int kVectors, class F>
HWY_INLINE void for_each(FloatVector (&sums)[kRows][kVectors], const F& f) {
  TRP_UNROLL
  for (int r = 0; r < kRows; ++r) {
    TRP_UNROLL
    for (int v = 0; v < kVectors; ++v) f(sums[r][v], r, v);
  }
}

/// The chains of the tile at [row, col] as they begin, or as they were left.
template <int kRows, int kVectors>
HWY_INLINE void start(const Product& p, Index row, Index col,
                      FloatVector (&sums)[kRows][kVectors]) {
  alignas(kLineFloats * sizeof(float)) static constexpr float kZeros[kVectors * kLanes] = {};
  const float* start = p.start ? p.start + row * p.start_stride + col : kZeros;
  const Index stride = p.start ? p.start_stride : 0;
  for_each(sums, [&](FloatVector& sum, int r, int v) TRP_INLINE_LAMBDA {
    sum = hn::Load(Floats(), start + r * stride + v * kLanes);
  });
}

/// Finishes and stores the tile at [row, col]. No result of a chain of bytes may be −0:
/// whether one that came to nothing ends in +0 or −0 depends on whether zeros in it were left out.
template <int kRows, int kVectors>
HWY_INLINE void finish(const Product& p, Index row, Index col,
                       FloatVector (&sums)[kRows][kVectors]) {
  const Floats d;
  const auto zero = hn::Zero(d);
  const auto store = [&](const auto& result_of) TRP_INLINE_LAMBDA {
    const Index stride = p.c_stride;
    float* c = p.c + row * stride + col;
    for_each(sums, [&](FloatVector sum, int r, int v) TRP_INLINE_LAMBDA {
      hn::Store(result_of(sum, r, v), d, c + r * stride + v * kLanes);
    });
  };
  switch (p.finish) {
    case Finish::kUnfinished:
      return store([&](FloatVector sum, int, int) TRP_INLINE_LAMBDA { return sum; });
    case Finish::kNone:
      return store([&](FloatVector sum, int, int) TRP_INLINE_LAMBDA { return hn::Add(sum, zero); });
    case Finish::kRelu:
      return store([&](FloatVector sum, int, int)
                       TRP_INLINE_LAMBDA { return hn::IfThenZeroElse(hn::Le(sum, zero), sum); });
    case Finish::kMask: {
      const float* mask = p.mask + row * p.mask_stride + col;
      return store([&](FloatVector sum, int r, int v) TRP_INLINE_LAMBDA {
        const auto activation = hn::Load(d, mask + r * p.mask_stride + v * kLanes);
        return hn::IfThenElseZero(hn::Gt(activation, zero), sum);
      });
    }
    case Finish::kUpdate:
      break;
  }
  const SgdVectors k = to_vectors(p.sgd);
  const Index stride = p.weights_stride;
  float* weights = p.weights + row * stride + col;
  float* velocity = p.velocity ? p.velocity + row * stride + col : nullptr;
  for_each(sums, [&](FloatVector sum, int r, int v) TRP_INLINE_LAMBDA {
    const Index place = r * stride + v * kLanes;
    update_vector(k, hn::Add(sum, zero), weights + place, velocity ? velocity + place : nullptr);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();
#endif
