// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/dense_kernels.cpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/partition.h"
#include "nn/product.h"
#include "nn/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

/// The largest tile of c that is kept in registers, in rows and vectors: twelve accumulators, two
/// vectors of b and one of a fill 16 registers; the instruction sets with 16 lanes have 32.
constexpr int kTileRows = kLanes >= 16 ? 12 : 6;
constexpr int kTileVectors = 2;

constexpr Index kPanelCols = kTileVectors * kLanes;
constexpr auto kTileSizes = std::make_integer_sequence<int, kTileRows>();

/// So deep that the columns of b that a tile reads, and start and finish of its chains, count
/// little: 16 KB of a first-level cache, or 32 with 16 lanes.
constexpr Index kDepthBlock = 256;

/// So many rows that their factors of a block of links stay in half of a second-level cache.
constexpr Index kBlockRows = 192;
static_assert(kBlockRows % kTileRows == 0, "blocks are cut into whole tiles");

/// To pack the factors of fewer columns takes longer than it saves.
constexpr Index kColsWorthPacking = 256;

/// Where a tile finds the factor of link k of its row r: as they lie, in a[r · row_step + k] or
/// a[k · link_step + r], or packed, in a[k · rows + r].
enum class Factors { kInRows, kInColumns, kPacked };

/// The links of the next columns of b that a tile fetches: begin, begin + step, ….
struct Fetches {
  Index begin;
  Index step;
};

template <int kVectors>
HWY_INLINE void prefetch(const float* b) {
  for (Index i = 0; i < kVectors * kLanes; i += kLineFloats) __builtin_prefetch(b + i);
}

/// Tile [row, row + kRows) × [col, col + kVectors · kLanes) of the product, with the factors `a` of
/// its rows. The tiles of the same columns share out fetching the next ones of b: a line of
/// weights that another core has changed may take as long to come as a tile takes to compute.
template <Factors kFactors, int kVectors, int kRows>
void compute_tile(const Product& p, const float* a, Index row, Index col, Fetches fetches) {
  constexpr bool kIsPacked = kFactors == Factors::kPacked;
  constexpr bool kIsInRows = kFactors == Factors::kInRows;
  const Floats d;
  FloatVector sums[kRows][kVectors];
  if constexpr (kIsPacked) prefetch_result<kRows, kVectors>(p, row, col);
  start(p, row, col, sums);

  const float* b = p.b + col;
  const Index b_stride = p.b_stride;
  const Index r_step = kIsInRows ? p.row_step : 1;
  const Index k_step = kIsInRows ? 1 : kIsPacked ? kRows : p.link_step;
  // Rows of weights lie too far apart for the processor to foresee the next ones.
  Index next_fetch = fetches.begin;
  for (Index k = 0; k < p.depth; ++k, b += b_stride) {
    if constexpr (kFactors != Factors::kInColumns) prefetch<kVectors>(b + 4 * b_stride);
    if constexpr (kIsPacked)
      if (k == next_fetch) {
        prefetch<kVectors>(b + kPanelCols);
        next_fetch += fetches.step;
      }
    FloatVector factors[kVectors];
    for (int v = 0; v < kVectors; ++v) factors[v] = hn::Load(d, b + v * kLanes);
    for (int r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, a[k * k_step + r * r_step]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, factors[v], sums[r][v]);
    }
  }

  finish(p, row, col, sums);
}

using TileFunction = void (*)(const Product&, const float* a, Index row, Index col,
                              Fetches fetches);

/// compute_tile for 1, 2, …, kTileRows rows.
template <Factors kFactors, int kVectors, int... kRows>
constexpr std::array<TileFunction, kTileRows> tile_functions(std::integer_sequence<int, kRows...>) {
  return {compute_tile<kFactors, kVectors, kRows + 1>...};
}

/// As many rows of c as `rows` has, and of its columns from col the next kTileVectors vectors or
/// what is left of them.
template <Factors kFactors>
void compute_panel_tile(const Product& p, const float* a, Range rows, Index col, Fetches fetches) {
  static constexpr auto kWide = tile_functions<kFactors, kTileVectors>(kTileSizes);
  static constexpr auto kNarrow = tile_functions<kFactors, 1>(kTileSizes);
  const auto index = static_cast<std::size_t>(rows.size() - 1);
  if (col + kPanelCols <= p.cols) return kWide[index](p, a, rows.begin, col, fetches);
  for (; col < p.cols; col += kLanes) kNarrow[index](p, a, rows.begin, col, fetches);
}

Index tile_count(Range rows) { return (rows.size() + kTileRows - 1) / kTileRows; }

Range rows_of_tile(Range rows, Index tile) {
  const Range part = split_evenly(rows.size(), tile_count(rows), tile);
  return {rows.begin + part.begin, rows.begin + part.end};
}

/// Tile by tile: those of the same columns one after the other, for b's part of these to stay in
/// cache; or those of the same rows where all of b does, for c to be written line by line. Row r
/// has its factors from a + (r − rows.begin) · a_step.
template <Factors kFactors>
void compute_tiles(const Product& p, Range rows, const float* a, Index a_step) {
  const Index count = tile_count(rows);
  const auto compute = [&](Index tile, Index col) {
    const Range of_tile = rows_of_tile(rows, tile);
    compute_panel_tile<kFactors>(p, a + (of_tile.begin - rows.begin) * a_step, of_tile, col,
                                 {tile, count});
  };
  if (p.depth * p.cols <= kDepthBlock * kPanelCols) {
    for (Index tile = 0; tile < count; ++tile)
      for (Index col = 0; col < p.cols; col += kPanelCols) compute(tile, col);
  } else {
    for (Index col = 0; col < p.cols; col += kPanelCols)
      for (Index tile = 0; tile < count; ++tile) compute(tile, col);
  }
}

/// Lays the factors of a tile one behind the other in the order in which it reads them.
template <int kRows>
void pack_tile(const Product& p, Index row, float* packed) {
  const float* a = p.a + row * p.row_step;
  const Index row_step = p.row_step;
  const Index link_step = p.link_step;
  if (row_step == 1) {
    for (Index k = 0; k < p.depth; ++k, packed += kRows) {
      __builtin_prefetch(a + (k + 16) * link_step);
      std::copy_n(a + k * link_step, kRows, packed);
    }
  } else {
    for (Index k = 0; k < p.depth; ++k, packed += kRows)
      for (int r = 0; r < kRows; ++r) packed[r] = a[r * row_step + k];
  }
}

template <int... kRows>
void pack(const Product& p, Range rows, float* packed, std::integer_sequence<int, kRows...>) {
  static constexpr std::array pack_rows = {pack_tile<kRows + 1>...};
  for (Index tile = 0; tile < tile_count(rows); ++tile) {
    const Range of_tile = rows_of_tile(rows, tile);
    pack_rows[static_cast<std::size_t>(of_tile.size() - 1)](
        p, of_tile.begin, packed + (of_tile.begin - rows.begin) * p.depth);
  }
}

void compute_packed_block(const Product& p, Range rows) {
  static thread_local std::vector<float> packed(kBlockRows * kDepthBlock);
  pack(p, rows, packed.data(), kTileSizes);
  compute_tiles<Factors::kPacked>(p, rows, packed.data(), p.depth);
}

/// At most kDepthBlock links of at most kBlockRows rows.
void compute_block(const Product& p, Range rows) {
  const float* a = p.a + rows.begin * p.row_step;
  if (p.cols >= kColsWorthPacking)
    compute_packed_block(p, rows);
  else if (p.row_step == 1)
    compute_tiles<Factors::kInColumns>(p, rows, a, 1);
  else
    compute_tiles<Factors::kInRows>(p, rows, a, p.row_step);
}

void compute_dense(const Product& product) {
  const Index block_count = (product.rows + kBlockRows - 1) / kBlockRows;
  for (Index block = 0; block < block_count; ++block) {
    const Range rows = split_evenly(product.rows, block_count, block, kTileRows);
    for_each_block(product, kDepthBlock, [&](const Product& p) { compute_block(p, rows); });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(compute_dense);

void compute_dense_product(const Product& product) { HWY_DYNAMIC_DISPATCH(compute_dense)(product); }

}  // namespace trp
#endif
