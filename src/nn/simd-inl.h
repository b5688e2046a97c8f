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
#include "nn/update-inl.h"

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

/// Fetches what the tile will be added to or written over, while its chains run.
template <int kRows, int kVectors>
HWY_INLINE void prefetch_result(const Product& p, Index row, Index col) {
  const auto prefetch = [&](const float* matrix, Index stride) {
    for (int r = 0; r < kRows; ++r)
      for (Index c = 0; c < kVectors * kLanes; c += kLineFloats)
        __builtin_prefetch(matrix + (row + r) * stride + col + c, 1);
  };
  if (p.finish != Finish::kUpdate) return prefetch(p.c, p.c_stride);
  for (const TensorView& tensor : {p.tensors.weights, p.tensors.velocity})
    if (tensor.data()) prefetch(tensor.data(), tensor.stride());
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
  for_each(sums, [&](FloatVector& sum, int, int) TRP_INLINE_LAMBDA { sum = hn::Add(sum, zero); });
  if (p.link.shift)
    for_each(sums, [&](FloatVector& sum, int r, int v) TRP_INLINE_LAMBDA {
      sum = end_chain(p.link, row + r, col + v * kLanes, sum);
    });
  const UpdateVectors k = to_vectors(p.update);
  const Index stride = p.tensors.weights.stride();
  float* weights = p.tensors.weights.row(row) + col;
  float* velocity = p.tensors.velocity.data() ? p.tensors.velocity.row(row) + col : nullptr;
  for_each(sums, [&](FloatVector sum, int r, int v) TRP_INLINE_LAMBDA {
    const Index place = r * stride + v * kLanes;
    const auto w = hn::Load(d, weights + place);
    hn::Store(sgd<UpdateRule::kSgd>(k, sum, w, velocity ? velocity + place : nullptr), d,
              weights + place);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();
#endif
