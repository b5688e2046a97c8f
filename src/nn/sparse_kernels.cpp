// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/sparse_kernels.cpp"
// Vectors of a size unknown to the compiler cannot stand in arrays, as the accumulators do.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#include "trp/nn/sparse_kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <utility>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef TRP_NN_SPARSE_KERNELS_ONCE
#define TRP_NN_SPARSE_KERNELS_ONCE
namespace trp {

/// c = finish(start + a · b), as in kernels.cpp; link k of row r is a[r · row_step + k ·
/// link_step].
struct SparseProduct {
  const float* a;
  Index row_step;
  Index link_step;  // one of the steps is 1
  const float* b;
  Index b_stride;
  float* c;
  Index c_stride;
  Index rows;
  Index cols;
  Index depth;
  const float* start;  // null: zero
  Index start_stride;  // 0: one row for all
  bool relu;
};

}  // namespace trp
#endif

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kLineFloats>;
using FloatVector = hn::Vec<Floats>;

constexpr Index kLanes = static_cast<Index>(hn::MaxLanes(Floats()));

/// Vectors of a row that are kept in registers: as many as hide the latency of multiply-add.
constexpr int kRowVectors = 8;

/// Links whose zeros one word of bits tells; the rows of b that belong to them stay in cache while
/// as many rows of the product go through them.
constexpr Index kLinks = 64;

/// Rows whose links lie side by side in a and are found by transposing: about a tile's.
constexpr Index kTransposedRows = 32;

/// Bit i: values[i] is not zero. At most 64 values.
std::uint64_t nonzero_bits(const float* values, Index count) {
  const Floats d;
  std::uint64_t bits = 0;
  Index i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    std::array<std::uint8_t, 8> bytes = {};
    // Not Ne, which on some targets is false for NaN.
    const auto is_zero = hn::Eq(hn::LoadU(d, values + i), hn::Zero(d));
    hn::StoreMaskBits(d, hn::Not(is_zero), bytes.data());
    const std::uint64_t vector_bits = kLanes > 8 ? bytes[0] | bytes[1] << 8 : bytes[0];
    bits |= vector_bits << i;
  }
  for (; i < count; ++i) bits |= std::uint64_t{values[i] != 0} << i;
  return bits;
}

/// Turns 64 words of 32 bits into 32 words of 64 bits: swaps ever smaller blocks of bits on either
/// side of the diagonal (Warren, "Hacker's Delight", section 7-3).
void transpose_bits(const std::array<std::uint64_t, kLinks>& from,
                    std::array<std::uint64_t, kLinks>& to) {
  for (std::size_t i = 0; i < kTransposedRows; ++i)
    to[i] = from[i] | from[i + kTransposedRows] << kTransposedRows;
  std::uint64_t mask = 0x0000FFFF0000FFFF;
  for (std::size_t size = kTransposedRows / 2; size > 0; size /= 2, mask ^= mask << size)
    for (std::size_t block = 0; block < kTransposedRows; block += 2 * size)
      for (std::size_t i = block; i < block + size; ++i) {
        const std::uint64_t swapped = (to[i] >> size ^ to[i + size]) & mask;
        to[i] ^= swapped << size;
        to[i + size] ^= swapped;
      }
}

/// Which of the links k … k + link_count − 1 of row_count rows from `row` are not zero.
void find_links(const SparseProduct& p, Index row, Index row_count, Index k, Index link_count,
                std::array<std::uint64_t, kLinks>& bits) {
  const float* a = p.a + row * p.row_step + k * p.link_step;
  if (p.link_step == 1) {
    for (Index r = 0; r < row_count; ++r)
      bits[static_cast<std::size_t>(r)] = nonzero_bits(a + r * p.row_step, link_count);
    return;
  }
  std::array<std::uint64_t, kLinks> of_links = {};
  for (Index l = 0; l < link_count; ++l)
    of_links[static_cast<std::size_t>(l)] = nonzero_bits(a + l * p.link_step, row_count);
  transpose_bits(of_links, bits);
}

/// Calls f(0), …, f(kCount − 1) without a loop, so that arrays indexed by f stay in registers.
template <int kCount, class F>
HWY_INLINE void unroll(const F& f) {
  [&f]<int... kIndex>(std::integer_sequence<int, kIndex...>) HWY_ATTR { (f(kIndex), ...); }
  (std::make_integer_sequence<int, kCount>());
}

/// c = start + the links k + i of a · b for each bit i, for kVectors vectors of one row.
/// Adds zero at last so that no result is −0: whether a chain that came to nothing ends in +0 or
/// −0 may depend on the zeros in it.
template <int kVectors>
HWY_INLINE void add_links(const float* start, std::uint64_t bits, const float* a, Index a_step,
                          const float* b, Index b_stride, bool relu, float* c) {
  const Floats d;
  FloatVector sums[kVectors];
  unroll<kVectors>([&](int v) HWY_ATTR { sums[v] = hn::Load(d, start + v * kLanes); });
  for (; bits != 0; bits &= bits - 1) {
    const Index link = std::countr_zero(bits);
    const auto factor = hn::Set(d, a[link * a_step]);
    const float* from = b + link * b_stride;
    unroll<kVectors>([&](int v) HWY_ATTR {
      sums[v] = hn::MulAdd(factor, hn::Load(d, from + v * kLanes), sums[v]);
    });
  }
  const auto zero = hn::Zero(d);
  if (relu)
    unroll<kVectors>(
        [&](int v) HWY_ATTR { sums[v] = hn::IfThenZeroElse(hn::Le(sums[v], zero), sums[v]); });
  unroll<kVectors>([&](int v) HWY_ATTR { hn::Store(hn::Add(sums[v], zero), d, c + v * kLanes); });
}

template <int kVectors>
void add_links_to_rows(const SparseProduct& p, Index row, Index row_count, Index col, Index k,
                       const std::array<std::uint64_t, kLinks>& bits, bool is_last) {
  alignas(kLineFloats * sizeof(float)) static constexpr float kZeros[kRowVectors * kLanes] = {};
  const float* a = p.a + row * p.row_step + k * p.link_step;
  const float* b = p.b + k * p.b_stride + col;
  float* c = p.c + row * p.c_stride + col;
  const float* start = k > 0 ? c : (p.start ? p.start + row * p.start_stride + col : kZeros);
  const Index start_stride = k > 0 ? p.c_stride : (p.start ? p.start_stride : 0);
  for (Index r = 0; r < row_count; ++r)
    add_links<kVectors>(start + r * start_stride, bits[static_cast<std::size_t>(r)],
                        a + r * p.row_step, p.link_step, b, p.b_stride, is_last && p.relu,
                        c + r * p.c_stride);
}

void compute_sparse_product(const SparseProduct& p) {
  std::array<std::uint64_t, kLinks> bits;
  const Index row_block = p.link_step == 1 ? kLinks : kTransposedRows;
  Index k = 0;
  do {  // once at least: a chain without links is its start
    const Index link_count = std::min(kLinks, p.depth - k);
    const bool is_last = k + link_count == p.depth;
    for (Index row = 0; row < p.rows; row += row_block) {
      const Index row_count = std::min(row_block, p.rows - row);
      find_links(p, row, row_count, k, link_count, bits);
      Index col = 0;
      for (; col + kRowVectors * kLanes <= p.cols; col += kRowVectors * kLanes)
        add_links_to_rows<kRowVectors>(p, row, row_count, col, k, bits, is_last);
      for (; col < p.cols; col += kLanes)
        add_links_to_rows<1>(p, row, row_count, col, k, bits, is_last);
    }
    k += kLinks;
  } while (k < p.depth);
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(compute_sparse_product);

void sparse_forward_product(ConstTensorView x, ConstTensorView weight, ConstTensorView bias,
                            Activation activation, TensorView result) {
  assert(x.rows() == result.rows() && x.cols() == weight.rows());
  assert(weight.cols() == result.cols() && bias.cols() == result.cols());
  HWY_DYNAMIC_DISPATCH(compute_sparse_product)
  ({.a = x.data(),
    .row_step = x.stride(),
    .link_step = 1,
    .b = weight.data(),
    .b_stride = weight.stride(),
    .c = result.data(),
    .c_stride = result.stride(),
    .rows = result.rows(),
    .cols = round_up(result.cols(), kLineFloats),
    .depth = x.cols(),
    .start = bias.data(),
    .start_stride = 0,
    .relu = activation == Activation::kRelu});
}

void sparse_weight_gradient_product(ConstTensorView x, ConstTensorView dz, ChainStart start,
                                    TensorView result) {
  assert(x.rows() == dz.rows() && x.cols() == result.rows() && dz.cols() == result.cols());
  HWY_DYNAMIC_DISPATCH(compute_sparse_product)
  ({.a = x.data(),
    .row_step = 1,
    .link_step = x.stride(),
    .b = dz.data(),
    .b_stride = dz.stride(),
    .c = result.data(),
    .c_stride = result.stride(),
    .rows = result.rows(),
    .cols = round_up(result.cols(), kLineFloats),
    .depth = x.rows(),
    .start = start == ChainStart::kResult ? result.data() : nullptr,
    .start_stride = result.stride(),
    .relu = false});
}

}  // namespace trp
#endif
