// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/sparse_kernels.cpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/partition.h"
#include "nn/product.h"
#include "nn/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

/// Links whose zeros one word of bits tells; the rows of b that belong to them stay in cache while
/// as many rows of the product go through them.
constexpr Index kLinks = 64;
static_assert(kLinks == 2 * kBlockBytes, "transpose_bits has its masks for this");
static_assert(std::endian::native == std::endian::little, "bits are stored into words as bytes");

using LinkBits = std::array<std::uint64_t, kLinks>;  // a word for each row, or for each link

/// What the bytes stand for: scale_bytes of each.
constexpr std::array<float, 256> kScaledBytes = [] {
  std::array<float, 256> values = {};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * kByteScale;
  return values;
}();

/// Bit i: bytes[i] is not zero. At most 64 bytes, read in whole blocks.
std::uint64_t nonzero_bits(const std::uint8_t* bytes, Index count) {
  const hn::CappedTag<std::uint8_t, kBlockBytes> d;
  std::uint64_t bits = 0;
  for (Index i = 0; i < count; i += static_cast<Index>(hn::Lanes(d))) {
    std::uint64_t vector_bits = 0;
    const auto is_nonzero = hn::Ne(hn::Load(d, bytes + i), hn::Zero(d));
    hn::StoreMaskBits(d, is_nonzero, reinterpret_cast<std::uint8_t*>(&vector_bits));
    bits |= vector_bits << i;
  }
  return count < kLinks ? bits & ((std::uint64_t{1} << count) - 1) : bits;
}

/// Turns 64 words of 32 bits into 32 words of 64 bits: swaps ever smaller blocks of bits on either
/// side of the diagonal (Warren, "Hacker's Delight", section 7-3).
void transpose_bits(const LinkBits& from, LinkBits& to) {
  constexpr std::size_t kRows = kBlockBytes;
  for (std::size_t i = 0; i < kRows; ++i) to[i] = from[i] | from[i + kRows] << kRows;
  std::uint64_t mask = 0x0000FFFF0000FFFF;
  for (std::size_t size = kRows / 2; size > 0; size /= 2, mask ^= mask << size)
    for (std::size_t block = 0; block < kRows; block += 2 * size)
      for (std::size_t i = block; i < block + size; ++i) {
        const std::uint64_t swapped = (to[i] >> size ^ to[i + size]) & mask;
        to[i] ^= swapped << size;
        to[i + size] ^= swapped;
      }
}

/// Which of the links of the rows are not zero.
void find_links(const Product& p, Range rows, LinkBits& bits) {
  const std::uint8_t* bytes = p.bytes + rows.begin * p.row_step;
  if (p.link_step == 1) {
    for (Index r = 0; r < rows.size(); ++r)
      bits[static_cast<std::size_t>(r)] = nonzero_bits(bytes + r * p.row_step, p.depth);
    return;
  }
  LinkBits of_links = {};
  for (Index l = 0; l < p.depth; ++l)
    of_links[static_cast<std::size_t>(l)] = nonzero_bits(bytes + l * p.link_step, rows.size());
  transpose_bits(of_links, bits);
}

/// Tile [row, row + kRows) × [col, col + kVectors · kLanes) of the product, of whose links those
/// with a bit.
template <int kRows, int kVectors>
HWY_INLINE void add_links(const Product& p, std::uint64_t bits, Index row, Index col) {
  const Floats d;
  FloatVector sums[kRows][kVectors];
  start(p, row, col, sums);
  const std::uint8_t* bytes = p.bytes + row * p.row_step;
  const float* b = p.b + col;
  const Index link_step = p.link_step;
  const Index b_stride = p.b_stride;
  for (; bits != 0; bits &= bits - 1) {
    const Index link = std::countr_zero(bits);
    const std::uint8_t* of_link = bytes + link * link_step;
    FloatVector factors[kRows];
    for (int r = 0; r < kRows; ++r) factors[r] = hn::Set(d, kScaledBytes[of_link[r]]);
    const float* values = b + link * b_stride;
    for (int v = 0; v < kVectors; ++v) {
      const auto value = hn::Load(d, values + v * kLanes);
      for (int r = 0; r < kRows; ++r) sums[r][v] = hn::MulAdd(factors[r], value, sums[r][v]);
    }
  }
  finish(p, row, col, sums);
}

/// The same for two rows that have little in common: each takes its own links, by turns.
template <int kVectors>
HWY_INLINE void add_links_by_turns(const Product& p, const std::uint64_t* bits_of_row, Index row,
                                   Index col) {
  const Floats d;
  FloatVector sums[2][kVectors];
  start(p, row, col, sums);
  const float* b = p.b + col;
  const Index b_stride = p.b_stride;
  const auto add_next = [&](std::uint64_t& bits, const std::uint8_t* bytes,
                            FloatVector* row_sums) TRP_INLINE_LAMBDA {
    const Index link = std::countr_zero(bits);
    const auto factor = hn::Set(d, kScaledBytes[bytes[link]]);
    const float* values = b + link * b_stride;
    TRP_UNROLL
    for (int v = 0; v < kVectors; ++v)
      row_sums[v] = hn::MulAdd(factor, hn::Load(d, values + v * kLanes), row_sums[v]);
    bits &= bits - 1;
  };
  const std::uint8_t* bytes = p.bytes + row * p.row_step;
  const std::uint8_t* next_bytes = bytes + p.row_step;
  std::uint64_t bits = bits_of_row[0], next_bits = bits_of_row[1];
  for (int both = std::min(std::popcount(bits), std::popcount(next_bits)); both > 0; --both) {
    add_next(bits, bytes, sums[0]);
    add_next(next_bits, next_bytes, sums[1]);
  }
  while (bits != 0) add_next(bits, bytes, sums[0]);
  while (next_bits != 0) add_next(next_bits, next_bytes, sums[1]);
  finish(p, row, col, sums);
}

/// Whose links a tile takes: rows of inputs are samples, which have little in common, and columns
/// are pixels, which mostly are zero in the same samples as their neighbours.
enum class Links { kOfEachRow, kOfAnyRow };

/// Tiles of kRows rows, then of fewer. What links that only some rows have add to the others is
/// zero.
template <Links kOf, int kRows, int kVectors>
HWY_NOINLINE void add_links_to_rows(const Product& p, Range rows, Index col,
                                    const std::uint64_t* bits_of_row) {
  Index row = rows.begin;
  for (; row + kRows <= rows.end; row += kRows, bits_of_row += kRows) {
    if constexpr (kOf == Links::kOfEachRow && kRows > 1) {
      static_assert(kRows == 2);
      add_links_by_turns<kVectors>(p, bits_of_row, row, col);
    } else {
      std::uint64_t bits = 0;
      for (int r = 0; r < kRows; ++r) bits |= bits_of_row[r];
      add_links<kRows, kVectors>(p, bits, row, col);
    }
  }
  if constexpr (kRows > 1)
    add_links_to_rows<kOf, kRows - 1, kVectors>(p, {row, rows.end}, col, bits_of_row);
}

/// Tiles of kRows × kVectors, as many accumulators as hide the latency of multiply-add, then, where
/// each row has its own links, of twice the rows and half the columns; what is left of the columns
/// is whole lines.
template <Links kOf, int kRows, int kVectors>
void add_links_to_columns(const Product& p, Range rows, const LinkBits& bits) {
  Index col = 0;
  for (; col + kVectors * kLanes <= p.cols; col += kVectors * kLanes)
    add_links_to_rows<kOf, kRows, kVectors>(p, rows, col, bits.data());
  // Not of any row's links: which zeros are left out must not depend on the columns.
  if constexpr (kOf == Links::kOfEachRow)
    for (; col + kVectors / 2 * kLanes <= p.cols; col += kVectors / 2 * kLanes)
      add_links_to_rows<kOf, 2 * kRows, kVectors / 2>(p, rows, col, bits.data());
  for (; col < p.cols; col += kLineFloats)
    add_links_to_rows<kOf, kRows, kLineFloats / kLanes>(p, rows, col, bits.data());
}

/// At most kLinks links.
void compute_sparse_block(const Product& p) {
  LinkBits bits;
  const bool is_transposed = p.link_step != 1;
  const Index row_count = is_transposed ? kBlockBytes : kLinks;
  for (Index row = 0; row < p.rows; row += row_count) {
    const Range rows = {row, std::min(row + row_count, p.rows)};
    find_links(p, rows, bits);
    is_transposed ? add_links_to_columns<Links::kOfAnyRow, 3, 4>(p, rows, bits)
                  : add_links_to_columns<Links::kOfEachRow, 1, 8>(p, rows, bits);
  }
}

void compute_sparse(const Product& p) { for_each_block(p, kLinks, compute_sparse_block); }

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
