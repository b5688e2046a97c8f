// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels.cpp"
// Vectors of a size unknown to the compiler cannot stand in arrays, as the accumulators do.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)

#include "trp/nn/kernels.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "trp/core/partition.h"

#ifndef TRP_NN_KERNELS_ONCE
#define TRP_NN_KERNELS_ONCE
namespace trp {

enum class Finish { kNone, kRelu, kMask };

/// c = finish(start + a · b). `a` is read along its rows, or along its columns when the product is
/// with its transpose.
struct Product {
  const float* a;
  Index a_stride;
  bool a_transposed;
  const float* b;
  Index b_stride;
  float* c;
  Index c_stride;
  Index rows;
  Index cols;
  Index depth;
  const float* start;  // null: zero
  Index start_stride;  // 0: one row for all
  Finish finish;
  const float* mask;
  Index mask_stride;
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

/// The largest tile of c that is kept in registers, in rows and vectors: twelve accumulators, two
/// vectors of b and one of a fill 16 registers; the instruction sets with 16 lanes have 32.
constexpr int kTileRows = kLanes >= 16 ? 12 : 6;
constexpr int kTileVectors = 2;

/// So deep that the columns of b that a tile reads stay in half of a first-level cache.
constexpr Index kDepthBlock =
    16 * 1024 / static_cast<Index>(sizeof(float)) / (kTileVectors * kLanes);

FloatVector finish_vector(const Product& p, FloatVector sum, Index row, Index col) {
  const Floats d;
  switch (p.finish) {
    case Finish::kNone:
      return hn::Add(sum, hn::Zero(d));  // no −0, as in sparse_kernels.cpp
    case Finish::kRelu:
      return hn::IfThenZeroElse(hn::Le(sum, hn::Zero(d)), sum);
    case Finish::kMask:
      break;
  }
  const auto activation = hn::Load(d, p.mask + row * p.mask_stride + col);
  return hn::IfThenElseZero(hn::Gt(activation, hn::Zero(d)), sum);
}

/// Tile [row, row + kRows) × [col, col + kVectors · kLanes) of the product.
template <bool kTransposed, int kVectors, int kRows>
void compute_tile(const Product& p, Index row, Index col) {
  const Floats d;
  FloatVector sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v)
      sums[r][v] = p.start ? hn::Load(d, p.start + (row + r) * p.start_stride + col + v * kLanes)
                           : hn::Zero(d);

  const float* a = kTransposed ? p.a + row : p.a + row * p.a_stride;
  const float* b = p.b + col;
  const Index a_stride = p.a_stride;
  const Index b_stride = p.b_stride;
  for (Index k = 0; k < p.depth; ++k, b += b_stride) {
    FloatVector factors[kVectors];
    for (int v = 0; v < kVectors; ++v) factors[v] = hn::Load(d, b + v * kLanes);
    for (int r = 0; r < kRows; ++r) {
      const auto factor = hn::Set(d, kTransposed ? a[k * a_stride + r] : a[r * a_stride + k]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(factor, factors[v], sums[r][v]);
    }
  }

  for (int r = 0; r < kRows; ++r)
    for (int v = 0; v < kVectors; ++v) {
      const Index c = col + v * kLanes;
      hn::Store(finish_vector(p, sums[r][v], row + r, c), d, p.c + (row + r) * p.c_stride + c);
    }
}

using TileFunction = void (*)(const Product&, Index row, Index col);

/// compute_tile for 1, 2, …, kTileRows rows.
template <bool kTransposed, int kVectors, int... kRows>
constexpr std::array<TileFunction, kTileRows> tile_functions(std::integer_sequence<int, kRows...>) {
  return {compute_tile<kTransposed, kVectors, kRows + 1>...};
}

template <bool kTransposed, int kVectors>
void compute_panel(const Product& p, Index col) {
  static constexpr auto kTiles =
      tile_functions<kTransposed, kVectors>(std::make_integer_sequence<int, kTileRows>());
  const Index tile_count = (p.rows + kTileRows - 1) / kTileRows;
  for (Index tile = 0; tile < tile_count; ++tile) {
    const Range rows = split_evenly(p.rows, tile_count, tile);
    kTiles[static_cast<std::size_t>(rows.size() - 1)](p, rows.begin, col);
  }
}

template <bool kTransposed>
void compute_panels(const Product& p) {
  Index col = 0;
  for (; col + kTileVectors * kLanes <= p.cols; col += kTileVectors * kLanes)
    compute_panel<kTransposed, kTileVectors>(p, col);
  for (; col < p.cols; col += kLanes) compute_panel<kTransposed, 1>(p, col);
}

void compute_product(const Product& product) {
  Product block = product;
  Index begin = 0;
  do {  // once at least: a chain without links is its start
    const Index end = std::min(begin + kDepthBlock, product.depth);
    block.a = product.a + begin * (product.a_transposed ? product.a_stride : 1);
    block.b = product.b + begin * product.b_stride;
    block.depth = end - begin;
    block.finish = end == product.depth ? product.finish : Finish::kNone;
    product.a_transposed ? compute_panels<true>(block) : compute_panels<false>(block);
    block.start = product.c;
    block.start_stride = product.c_stride;
    begin = end;
  } while (begin < product.depth);
}

void sum_rows(const float* rows, Index stride, Index row_count, Index cols, bool from_zero,
              float* sums) {
  const Floats d;
  for (Index col = 0; col < cols; col += kLanes) {
    auto sum = from_zero ? hn::Zero(d) : hn::Load(d, sums + col);
    for (Index row = 0; row < row_count; ++row)
      sum = hn::Add(sum, hn::Load(d, rows + row * stride + col));
    hn::Store(sum, d, sums + col);
  }
}

void update_row(const float* gradient, const SgdCoefficients& k, Index cols, float* weights,
                float* velocity) {
  const Floats d;
  const auto scale = hn::Set(d, k.gradient_scale);
  const auto decay = hn::Set(d, k.weight_decay);
  const auto momentum = hn::Set(d, k.momentum);
  const auto rate = hn::Set(d, k.learning_rate);
  for (Index col = 0; col < cols; col += kLanes) {
    const auto w = hn::Load(d, weights + col);
    auto step = hn::MulAdd(decay, w, hn::Mul(scale, hn::Load(d, gradient + col)));
    if (velocity) {
      step = hn::MulAdd(momentum, hn::Load(d, velocity + col), step);
      hn::Store(step, d, velocity + col);
    }
    hn::Store(hn::NegMulAdd(rate, step, w), d, weights + col);
  }
}

void scale_bytes_to(const std::uint8_t* bytes, Index count, float* values) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> d32;
  const hn::Rebind<std::uint8_t, Floats> d8;
  constexpr float kScale = 1.0F / 255.0F;
  Index i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto integers = hn::PromoteTo(d32, hn::LoadU(d8, bytes + i));
    hn::StoreU(hn::Mul(hn::ConvertTo(d, integers), hn::Set(d, kScale)), d, values + i);
  }
  for (; i < count; ++i) values[i] = static_cast<float>(bytes[i]) * kScale;
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(compute_product);
HWY_EXPORT(sum_rows);
HWY_EXPORT(update_row);
HWY_EXPORT(scale_bytes_to);
HWY_EXPORT(target_name);

namespace {

/// The product without start, finish and mask.
Product plain_product(ConstTensorView a, bool a_transposed, ConstTensorView b, TensorView c) {
  assert((a_transposed ? a.cols() : a.rows()) == c.rows());
  assert((a_transposed ? a.rows() : a.cols()) == b.rows() && b.cols() == c.cols());
  return {.a = a.data(),
          .a_stride = a.stride(),
          .a_transposed = a_transposed,
          .b = b.data(),
          .b_stride = b.stride(),
          .c = c.data(),
          .c_stride = c.stride(),
          .rows = c.rows(),
          .cols = round_up(c.cols(), kLineFloats),
          .depth = b.rows(),
          .start = nullptr,
          .start_stride = 0,
          .finish = Finish::kNone,
          .mask = nullptr,
          .mask_stride = 0};
}

}  // namespace

void forward_product(ConstTensorView x, ConstTensorView weight, ConstTensorView bias,
                     Activation activation, TensorView result) {
  assert(bias.rows() == 1 && bias.cols() == result.cols());
  Product product = plain_product(x, false, weight, result);
  product.start = bias.data();
  product.finish = activation == Activation::kRelu ? Finish::kRelu : Finish::kNone;
  HWY_DYNAMIC_DISPATCH(compute_product)(product);
}

void weight_gradient_product(ConstTensorView x, ConstTensorView dz, ChainStart start,
                             TensorView result) {
  Product product = plain_product(x, true, dz, result);
  if (start == ChainStart::kResult) {
    product.start = result.data();
    product.start_stride = result.stride();
  }
  HWY_DYNAMIC_DISPATCH(compute_product)(product);
}

void bias_gradient_sum(ConstTensorView dz, ChainStart start, TensorView result) {
  assert(result.rows() == 1 && result.cols() == dz.cols());
  HWY_DYNAMIC_DISPATCH(sum_rows)
  (dz.data(), dz.stride(), dz.rows(), round_up(dz.cols(), kLineFloats), start == ChainStart::kZero,
   result.data());
}

void input_gradient_product(ConstTensorView dz, ConstTensorView weight_transposed,
                            ConstTensorView activation, TensorView result) {
  assert(activation.rows() == result.rows() && activation.cols() == result.cols());
  Product product = plain_product(dz, false, weight_transposed, result);
  product.finish = Finish::kMask;
  product.mask = activation.data();
  product.mask_stride = activation.stride();
  HWY_DYNAMIC_DISPATCH(compute_product)(product);
}

void sgd_update(ConstTensorView gradient, const SgdCoefficients& coefficients, TensorView weights,
                TensorView velocity) {
  assert(weights.rows() == gradient.rows() && weights.cols() == gradient.cols());
  const bool has_velocity = coefficients.momentum != 0;
  for (Index row = 0; row < weights.rows(); ++row) HWY_DYNAMIC_DISPATCH(update_row)
  (gradient.row(row), coefficients, round_up(weights.cols(), kLineFloats), weights.row(row),
   has_velocity ? velocity.row(row) : nullptr);
}

void scale_bytes(const std::uint8_t* bytes, Index count, float* values) {
  HWY_DYNAMIC_DISPATCH(scale_bytes_to)(bytes, count, values);
}

const char* simd_target_name() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

}  // namespace trp
#endif
