// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/sparse_kernels.cpp"
// Vectors of a size unknown to the compiler cannot stand in arrays, as the accumulators do.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "nn/product.h"
#include "nn/simd-inl.h"
#include "trp/core/partition.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

/// Vectors of a row that are kept in registers: as many as hide the latency of multiply-add.
constexpr int kRowVectors = 8;

/// Links whose zeros one word of bits tells; the rows of b that belong to them stay in cache while
/// as many rows of the product go through them.
constexpr Index kLinks = 64;

/// Rows whose links lie side by side in a and are found by transposing: about a tile's.
constexpr Index kTransposedRows = 32;

using LinkBits = std::array<std::uint64_t, kLinks>;  // a word for each row, or for each link

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
void transpose_bits(const LinkBits& from, LinkBits& to) {
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

/// Which of the links k … k + link_count − 1 of the rows are not zero.
void find_links(const Product& p, Range rows, Index k, Index link_count, LinkBits& bits) {
  const float* a = p.a + rows.begin * p.row_step + k * p.link_step;
  if (p.link_step == 1) {
    for (Index r = 0; r < rows.size(); ++r)
      bits[static_cast<std::size_t>(r)] = nonzero_bits(a + r * p.row_step, link_count);
    return;
  }
  LinkBits of_links = {};
  for (Index l = 0; l < link_count; ++l)
    of_links[static_cast<std::size_t>(l)] = nonzero_bits(a + l * p.link_step, rows.size());
  transpose_bits(of_links, bits);
}

/// Continues kVectors vectors of one row of c from `start` with link k + i for each bit i.
template <int kVectors>
HWY_INLINE void add_links(const Product& p, const float* start, std::uint64_t bits, Index row,
                          Index col, Index k, bool is_last) {
  const Floats d;
  FloatVector sums[kVectors];
  unroll<kVectors>([&](int v) HWY_ATTR { sums[v] = hn::Load(d, start + v * kLanes); });
  const float* a = p.a + row * p.row_step + k * p.link_step;
  const float* b = p.b + k * p.b_stride + col;
  for (; bits != 0; bits &= bits - 1) {
    const Index link = std::countr_zero(bits);
    const auto factor = hn::Set(d, a[link * p.link_step]);
    const float* from = b + link * p.b_stride;
    unroll<kVectors>([&](int v) HWY_ATTR {
      sums[v] = hn::MulAdd(factor, hn::Load(d, from + v * kLanes), sums[v]);
    });
  }
  if (is_last) return finish<kVectors>(p, sums, row, col);
  float* c = p.c + row * p.c_stride + col;
  unroll<kVectors>([&](int v) HWY_ATTR { hn::Store(sums[v], d, c + v * kLanes); });
}

template <int kVectors>
void add_links_to_rows(const Product& p, Range rows, Index col, Index k, const LinkBits& bits,
                       bool is_last) {
  alignas(kLineFloats * sizeof(float)) static constexpr float kZeros[kRowVectors * kLanes] = {};
  const float* start = k > 0 ? p.c + col : p.start ? p.start + col : kZeros;
  const Index start_stride = k > 0 ? p.c_stride : p.start_stride;
  for (Index row = rows.begin; row < rows.end; ++row)
    add_links<kVectors>(p, start + row * start_stride,
                        bits[static_cast<std::size_t>(row - rows.begin)], row, col, k, is_last);
}

void compute_sparse(const Product& p) {
  LinkBits bits;
  const Index row_block = p.link_step == 1 ? kLinks : kTransposedRows;
  Index k = 0;
  do {  // once at least: a chain without links is its start
    const Index link_count = std::min(kLinks, p.depth - k);
    const bool is_last = k + link_count == p.depth;
    for (Index row = 0; row < p.rows; row += row_block) {
      const Range rows = {row, std::min(row + row_block, p.rows)};
      find_links(p, rows, k, link_count, bits);
      Index col = 0;
      for (; col + kRowVectors * kLanes <= p.cols; col += kRowVectors * kLanes)
        add_links_to_rows<kRowVectors>(p, rows, col, k, bits, is_last);
      for (; col < p.cols; col += kLanes) add_links_to_rows<1>(p, rows, col, k, bits, is_last);
    }
    k += kLinks;
  } while (k < p.depth);
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(compute_sparse);

void compute_sparse_product(const Product& product) {
  HWY_DYNAMIC_DISPATCH(compute_sparse)(product);
}

}  // namespace trp
#endif
