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

/// The sum over t, and what it takes of the logits and the gradient; see LossForm.
class Target {
 public:
  Target(const LossForm& form, Index classes)
      : form_(form), classes_(classes), spread_(form.smoothing / static_cast<float>(classes)) {
    double sum = 0;
    for (Index c = 0; c < classes; ++c) sum += weight(c);
    spread_sum_ = static_cast<float>(spread_ * sum);
  }

  float sum(Index label) const { return on_label(label) + spread_sum_; }

  /// Returns Σ t[c] (z[c] − largest).
  double mean_of(const float* z, float largest, Index label) const {
    double mean = on_label(label) * static_cast<double>(z[label] - largest);
    if (spread_ != 0)
      for (Index c = 0; c < classes_; ++c)
        mean += double{spread_ * weight(c)} * static_cast<double>(z[c] - largest);
    return mean;
  }

  void subtract(Index label, float scale, float* dz) const {
    dz[label] -= on_label(label) * scale;
    if (spread_ != 0)
      for (Index c = 0; c < classes_; ++c) dz[c] -= spread_ * weight(c) * scale;
  }

 private:
  float weight(Index c) const {
    return form_.class_weights.empty() ? 1 : form_.class_weights[static_cast<std::size_t>(c)];
  }
  float on_label(Index label) const { return (1 - form_.smoothing) * weight(label); }

  const LossForm& form_;
  Index classes_;
  float spread_;      // of each class, times its weight
  float spread_sum_;  // of all classes
};

void loss_of_rows(ConstTensorView logits, std::span<const std::uint8_t> labels,
                  const LossForm& form, TensorView gradient, std::span<double> losses,
                  std::span<std::uint8_t> correct) {
  const hn::CappedTag<double, kLossRows> d;
  const Index classes = logits.cols();
  const float scale = 1.0F / static_cast<float>(form.divisor);
  const Target target(form, classes);
  for (Index begin = 0; begin < logits.rows(); begin += kLossRows) {
    const Index count = std::min(kLossRows, logits.rows() - begin);
    double sums[kLossRows] = {}, means[kLossRows] = {}, totals[kLossRows] = {};
    for (Index i = 0; i < count; ++i) {
      const auto row = static_cast<std::size_t>(begin + i);
      const float* z = logits.row(begin + i);
      float* dz = gradient.row(begin + i);
      const Index label = labels[row];
      assert(label < classes);
      const float* largest = std::max_element(z, z + classes);
      const float sum = exp_of_row(z, classes, *largest, dz);
      const float total = target.sum(label);
      scale_row(sum, total * scale, classes, dz);
      target.subtract(label, scale, dz);
      sums[i] = sum;
      means[i] = target.mean_of(z, *largest, label) * form.loss_scale;
      totals[i] = total * form.loss_scale;
      correct[row] = largest - z == label;
    }
    for (Index i = 0; i < count; i += static_cast<Index>(hn::Lanes(d))) {
      const auto logarithm =
          hn::Mul(hn::LoadU(d, totals + i), log_of_normal(d, hn::LoadU(d, sums + i)));
      hn::StoreU(hn::Sub(logarithm, hn::LoadU(d, means + i)), d, sums + i);
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
                           const LossForm& form, TensorView gradient, std::span<double> losses,
                           std::span<std::uint8_t> correct) {
  HWY_DYNAMIC_DISPATCH(loss_of_rows)(logits, labels, form, gradient, losses, correct);
}

}  // namespace trp
#endif
