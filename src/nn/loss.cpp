#include "nn/loss.h"

// Compiled once for each instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/loss.cpp"

#include <algorithm>
#include <cassert>

#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/elementary-inl.h"
#include "core/partition.h"

HWY_BEFORE_NAMESPACE();
namespace trp {
namespace HWY_NAMESPACE {

using LossFloats = hn::CappedTag<float, kLineFloats>;

constexpr Index kLossLanes = static_cast<Index>(hn::MaxLanes(LossFloats()));
constexpr Index kLineVectors = kLineFloats / kLossLanes;

/// Adds up chains, by halves: the same order whatever the number of lanes.
HWY_INLINE float sum_by_halves(hn::Vec<LossFloats> chains) {
  float sums[kLossLanes];
  hn::StoreU(chains, LossFloats(), sums);
  for (Index half = kLossLanes / 2; half > 0; half /= 2)
    for (Index i = 0; i < half; ++i) sums[i] += sums[i + half];
  return sums[0];
}

/// Sets dz[c] = e^(z[c] − largest), and 0 in the padding, and returns the sum, which has a chain
/// for the columns c of each c mod 16.
HWY_INLINE float exp_of_row(const float* z, Index classes, float largest, float* dz) {
  const LossFloats d;
  hn::Vec<LossFloats> chains[kLineVectors];
  for (auto& chain : chains) chain = hn::Zero(d);
  for (Index c = 0; c < classes; c += kLineFloats)
    for (Index v = 0; v < kLineVectors; ++v) {
      const Index first = c + v * kLossLanes;
      const auto count =
          static_cast<std::size_t>(std::clamp<Index>(classes - first, 0, kLossLanes));
      const auto shifted = hn::Sub(hn::Load(d, z + first), hn::Set(d, largest));
      const auto e = hn::IfThenElseZero(hn::FirstN(d, count), exp_of_negative(d, shifted));
      hn::Store(e, d, dz + first);
      chains[v] = hn::Add(chains[v], e);
    }
  for (Index half = kLineVectors / 2; half > 0; half /= 2)
    for (Index v = 0; v < half; ++v) chains[v] = hn::Add(chains[v], chains[v + half]);
  return sum_by_halves(chains[0]);
}

/// dz[c] = dz[c] / sum · scale.
void scale_row(float sum, float scale, Index classes, float* dz) {
  const LossFloats d;
  for (Index c = 0; c < classes; c += static_cast<Index>(hn::Lanes(d))) {
    const auto share = hn::Div(hn::Load(d, dz + c), hn::Set(d, sum));
    hn::Store(hn::Mul(share, hn::Set(d, scale)), d, dz + c);
  }
}

/// Rows whose logarithms are taken together.
constexpr Index kLossRows = 16;

void loss_of_rows(ConstTensorView logits, std::span<const std::uint8_t> labels, Index divisor,
                  TensorView gradient, std::span<double> losses, std::span<std::uint8_t> correct) {
  const hn::CappedTag<double, kLossRows> d;
  const Index classes = logits.cols();
  const float scale = 1.0F / static_cast<float>(divisor);
  for (Index begin = 0; begin < logits.rows(); begin += kLossRows) {
    const Index count = std::min(kLossRows, logits.rows() - begin);
    double sums[kLossRows] = {}, shifted[kLossRows] = {};
    for (Index i = 0; i < count; ++i) {
      const auto row = static_cast<std::size_t>(begin + i);
      const float* z = logits.row(begin + i);
      float* dz = gradient.row(begin + i);
      const Index label = labels[row];
      assert(label < classes);
      const float* largest = std::max_element(z, z + classes);
      const float sum = exp_of_row(z, classes, *largest, dz);
      scale_row(sum, scale, classes, dz);
      dz[label] -= scale;
      sums[i] = sum;
      shifted[i] = z[label] - *largest;
      correct[row] = largest - z == label;
    }
    for (Index i = 0; i < count; i += static_cast<Index>(hn::Lanes(d))) {
      const auto logarithm = log_of_normal(d, hn::LoadU(d, sums + i));
      hn::StoreU(hn::Sub(logarithm, hn::LoadU(d, shifted + i)), d, sums + i);
    }
    std::copy_n(sums, count, &losses[static_cast<std::size_t>(begin)]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace trp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace trp {

HWY_EXPORT(loss_of_rows);

void softmax_cross_entropy(ConstTensorView logits, std::span<const std::uint8_t> labels,
                           Index divisor, TensorView gradient, std::span<double> losses,
                           std::span<std::uint8_t> correct) {
  HWY_DYNAMIC_DISPATCH(loss_of_rows)(logits, labels, divisor, gradient, losses, correct);
}

}  // namespace trp
#endif
