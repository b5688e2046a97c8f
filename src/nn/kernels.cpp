// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels.cpp"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "nn/product.h"
#include "nn/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

/// Columns [col, col + kVectors · kLanes) of sum_rows.
template <bool kIsWeighted, int kVectors>
void sum_columns(ConstTensorView rows, const float* factors, Index col, float* sums) {
  const Floats d;
  FloatVector chains[kVectors];
  for (int v = 0; v < kVectors; ++v) chains[v] = hn::Load(d, sums + col + v * kLanes);
  for (Index row = 0; row < rows.rows(); ++row)
    for (int v = 0; v < kVectors; ++v) {
      const auto value = hn::Load(d, rows.row(row) + col + v * kLanes);
      chains[v] = kIsWeighted ? hn::MulAdd(hn::Set(d, factors[row]), value, chains[v])
                              : hn::Add(chains[v], value);
    }
  for (int v = 0; v < kVectors; ++v) hn::Store(chains[v], d, sums + col + v * kLanes);
}

/// Several chains at a time, which hides how long an addition takes.
template <bool kIsWeighted>
void sum_rows(ConstTensorView rows, const float* factors, float* sums) {
  constexpr int kVectors = 8;
  const Index cols = round_up(rows.cols(), kLineFloats);
  Index col = 0;
  for (; col + kVectors * kLanes <= cols; col += kVectors * kLanes)
    sum_columns<kIsWeighted, kVectors>(rows, factors, col, sums);
  for (; col < cols; col += kLanes) sum_columns<kIsWeighted, 1>(rows, factors, col, sums);
}

/// Adds the rows, each times its factor if there are such, to the sums.
void add_rows(ConstTensorView rows, const float* factors, float* sums) {
  factors ? sum_rows<true>(rows, factors, sums) : sum_rows<false>(rows, nullptr, sums);
}

void scale_bytes_to(const std::uint8_t* bytes, Index count, float* values) {
  const Floats d;
  const hn::Rebind<std::int32_t, Floats> d32;
  const hn::Rebind<std::uint8_t, Floats> d8;
  Index i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto integers = hn::PromoteTo(d32, hn::LoadU(d8, bytes + i));
    hn::StoreU(hn::Mul(hn::ConvertTo(d, integers), hn::Set(d, kByteScale)), d, values + i);
  }
  for (; i < count; ++i) values[i] = static_cast<float>(bytes[i]) * kByteScale;
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(add_rows);
HWY_EXPORT(update_all);
HWY_EXPORT(end_all_chains);
HWY_EXPORT(scale_bytes_to);
HWY_EXPORT(target_name);

namespace {

/// c = a · b, or aᵀ · b.
Product plain_product(const InputView& a, bool is_transposed, ConstTensorView b, TensorView c) {
  Product product = {.row_step = 1,
                     .link_step = 1,
                     .b = b.data(),
                     .b_stride = b.stride(),
                     .c = c.data(),
                     .c_stride = c.stride(),
                     .rows = c.rows(),
                     .cols = round_up(c.cols(), kLineFloats),
                     .depth = b.rows()};
  const auto set_factors = [&](const auto& view, auto& factors) {
    assert((is_transposed ? view.cols() : view.rows()) == c.rows());
    assert((is_transposed ? view.rows() : view.cols()) == b.rows() && b.cols() == c.cols());
    factors = view.data();
    (is_transposed ? product.link_step : product.row_step) = view.stride();
  };
  if (const auto* floats = std::get_if<ConstTensorView>(&a))
    set_factors(*floats, product.a);
  else
    set_factors(std::get<ConstByteTensorView>(a), product.bytes);
  return product;
}

void compute(const Product& product) {
  product.bytes ? compute_sparse_product(product) : compute_dense_product(product);
}

}  // namespace

void forward_product(const InputView& x, ConstTensorView weight, ConstTensorView bias,
                     Activation activation, TensorView result) {
  assert(bias.rows() == 1 && bias.cols() == result.cols());
  Product product = plain_product(x, false, weight, result);
  product.start = bias.data();
  product.finish = activation == Activation::kRelu ? Finish::kRelu : Finish::kNone;
  compute(product);
}

void weight_gradient_product(const InputView& x, ConstTensorView dz, ChainStart start,
                             TensorView result) {
  Product product = plain_product(x, true, dz, result);
  if (start == ChainStart::kResult) {
    product.start = result.data();
    product.start_stride = result.stride();
  }
  compute(product);
}

void weight_gradient_update(const InputView& x, ConstTensorView dz, const LastLink& link,
                            const UpdateCoefficients& coefficients, TensorView scratch,
                            const UpdatedTensors& tensors) {
  assert(tensors.weights.rows() == scratch.rows() && tensors.weights.cols() == scratch.cols());
  if (coefficients.rule != UpdateRule::kSgd || tensors.average.rows() > 0) {
    weight_gradient_product(x, dz, ChainStart::kZero, scratch);
    end_chains(link, scratch);
    return update_with(scratch, coefficients, tensors);
  }
  Product product = plain_product(x, true, dz, scratch);
  product.finish = Finish::kUpdate;
  product.update = coefficients;
  product.tensors = tensors;
  product.link = link;
  compute(product);
}

void bias_gradient_sum(ConstTensorView dz, ChainStart start, TensorView result) {
  assert(result.rows() == 1 && result.cols() == dz.cols());
  if (start == ChainStart::kZero)
    std::fill_n(result.data(), round_up(result.cols(), kLineFloats), 0.0F);
  HWY_DYNAMIC_DISPATCH(add_rows)(dz, nullptr, result.data());
}

void add_weighted_rows(ConstTensorView rows, ConstTensorView factors, TensorView result) {
  assert(result.cols() == rows.cols() && factors.cols() == rows.rows());
  HWY_DYNAMIC_DISPATCH(add_rows)(rows, factors.data(), result.data());
}

void input_gradient_product(ConstTensorView dz, ConstTensorView weight_transposed,
                            ConstTensorView activation, TensorView result) {
  assert(activation.rows() == result.rows() && activation.cols() == result.cols());
  Product product = plain_product(dz, false, weight_transposed, result);
  product.finish = Finish::kMask;
  product.mask = activation.data();
  product.mask_stride = activation.stride();
  compute(product);
}

void update_with(ConstTensorView gradient, const UpdateCoefficients& coefficients,
                 const UpdatedTensors& tensors) {
  assert(tensors.weights.rows() == gradient.rows() && tensors.weights.cols() == gradient.cols());
  HWY_DYNAMIC_DISPATCH(update_all)(gradient, coefficients, tensors);
}

void end_chains(const LastLink& link, TensorView gradient) {
  if (link.shift) HWY_DYNAMIC_DISPATCH(end_all_chains)(link, gradient);
}

void scale_bytes(const std::uint8_t* bytes, Index count, float* values) {
  HWY_DYNAMIC_DISPATCH(scale_bytes_to)(bytes, count, values);
}

const char* simd_target_name() { return HWY_DYNAMIC_DISPATCH(target_name)(); }

bool simd_target_is_fused() {
  constexpr float kFactor = 1 + 0x1p-12F;  // its square, rounded, loses the last bit
  Tensor factor(1, 1), start(1, 1), result(1, 1);
  factor(0, 0) = kFactor;
  start(0, 0) = -(1 + 0x1p-11F);
  forward_product(factor.view(), factor.view(), start.view(), Activation::kNone, result.view());
  return result(0, 0) != 0;
}

}  // namespace trp
#endif
