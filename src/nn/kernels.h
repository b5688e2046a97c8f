#pragma once

#include <cstdint>
#include <variant>

#include "trp/tensor.h"

namespace trp {

/// The arithmetic of training, vectorized for the best instruction set of the machine it runs on.
///
/// The chain rule of this program: each element of a product is one chain of fused multiply-adds
/// over the summed index in ascending order, continuing from a start value. How rows, columns or
/// the summed index are divided among calls changes no bit, so any plan of calls that keeps the
/// order of each chain gives the same result. (Targets without fused multiply-add round twice per
/// link; the rule holds there too, with other bits.)
///
/// Tensors have the padding of trp::Tensor. Columns of results and of second factors begin at a
/// multiple of kLineFloats floats; columns up to the next such multiple are read and written too.
/// All functions may be called from several threads at once, on results that do not overlap.

/// Where the chains of a gradient start: at zero, or at what the result already holds.
enum class ChainStart { kZero, kResult };

enum class Activation { kNone, kRelu };

/// The factors x of a product: floats, of which all are multiplied, or bytes, of which zeros are
/// left out of the chain. A link with zero adds zero, so the bits are the same as long as the other
/// factor is finite. Where it is not, zero times infinity or NaN is NaN, which leaving out hides: a
/// weight that is not finite shows in the first batch in which its input is not zero.
///
/// A byte stands for what scale_bytes makes of it, bit by bit, and takes a quarter of a float's
/// room in the caches. Columns of bytes begin at a multiple of kBlockBytes of a ByteTensor, and are
/// read up to the next. Which zeros are left out depends on the bytes of such a block alone, so to
/// divide a product there changes no bit, NaN included.
using InputView = std::variant<ConstTensorView, ConstByteTensorView>;

inline constexpr Index kBlockBytes = 32;

/// Returns a view of rows begin to end − 1.
inline InputView view_rows(const InputView& x, Index begin, Index end) {
  return std::visit([&](const auto& view) -> InputView { return view.view_rows(begin, end); }, x);
}

/// Returns a view of columns begin to end − 1.
inline InputView view_cols(const InputView& x, Index begin, Index end) {
  return std::visit([&](const auto& view) -> InputView { return view.view_cols(begin, end); }, x);
}

/// Computes result = activation(x · weight + bias), with x [rows, in], weight [in, out], bias [1,
/// out], result [rows, out]. The chain runs over the inputs and starts from the bias. ReLU keeps
/// NaN, so that a diverged network shows.
void forward_product(const InputView& x, ConstTensorView weight, ConstTensorView bias,
                     Activation activation, TensorView result);

/// Computes result = xᵀ · dz, with x [samples, in], dz [samples, out], result [in, out]. The chain
/// runs over the samples.
void weight_gradient_product(const InputView& x, ConstTensorView dz, ChainStart start,
                             TensorView result);

/// Computes result = Σ dz over the samples, with dz [samples, out], result [1, out], in order of
/// the samples.
void bias_gradient_sum(ConstTensorView dz, ChainStart start, TensorView result);

/// Computes result = result + factors · rows, with rows [n, cols], factors [1, n], result [1,
/// cols]: forward_product's chains for one sample.
void add_weighted_rows(ConstTensorView rows, ConstTensorView factors, TensorView result);

/// Computes result = dz · weightᵀ where the activation is positive, else zero (the gradient of
/// ReLU), with dz [samples, out], weight_transposed [out, in], activation [samples, in], result
/// [samples, in]. The chain runs over the outputs and starts from zero.
void input_gradient_product(ConstTensorView dz, ConstTensorView weight_transposed,
                            ConstTensorView activation, TensorView result);

enum class UpdateRule { kSgd, kNesterov, kAdam };

/// What an update of elements takes beside the gradient; update-inl.h has the formulas.
struct UpdateCoefficients {
  UpdateRule rule = UpdateRule::kSgd;
  float learning_rate = 0;  // with kAdam over 1 − β₁ᵗ in step t
  float momentum = 0;       // with kAdam β₁
  float weight_decay = 0;   // times the weight is added to the gradient
  float gradient_scale = 1;
  float average_share = 1;  // of the new weight in the average
  // With kAdam.
  float mean_share = 0;  // of the gradient in its mean: 1 − β₁
  float beta2 = 0;
  float square_share = 0;  // 1 − β₂
  float root_scale = 1;    // 1 / √(1 − β₂ᵗ)
  float epsilon = 0;
  float shrink = 1;  // of the weight; AdamW: 1 − learning rate · weight decay
};

/// What updates change, all of one shape and stride.
struct UpdatedTensors {
  TensorView weights;
  TensorView velocity = {};  // the mean gradient; no rows with kSgd without momentum
  TensorView squares = {};   // the mean squared gradient; no rows without kAdam
  TensorView average = {};   // the mean weights; no rows if there is none
};

/// Updates the tensors, which have the shape of gradient.
void update_with(ConstTensorView gradient, const UpdateCoefficients& coefficients,
                 const UpdatedTensors& tensors);

/// Ends the chains of a weight's gradient where inputs x were not (x + shift) · scale, as they were
/// meant to be: element (i, o) ← fma(shift[i], sums[o], ·) · scale[i].
struct LastLink {
  const float* shift = nullptr;  // null: chains end as they are
  const float* scale = nullptr;  // null: all are 1
  const float* sums = nullptr;   // of dz over the samples: the bias gradient
};
void end_chains(const LastLink& link, TensorView gradient);

/// Does weight_gradient_product from zero, end_chains and update_with the result, which by SGD
/// without Nesterov's step and an average goes from register to register. `scratch`, of the shape
/// of the weights, is for chains too long to be finished at once, and for what else there is.
void weight_gradient_update(const InputView& x, ConstTensorView dz, const LastLink& link,
                            const UpdateCoefficients& coefficients, TensorView scratch,
                            const UpdatedTensors& tensors);

/// Sets values[i] = bytes[i] / 255 for i in 0 … count − 1, rounded to nearest after multiplying by
/// the float nearest to 1/255.
void scale_bytes(const std::uint8_t* bytes, Index count, float* values);

/// Returns the instruction set in use, in Highway's words: "AVX3", "AVX2", "SSE4", "NEON", …
const char* simd_target_name();

/// Returns whether it multiplies and adds with one rounding. All instruction sets that do give the
/// same bits, and so do all that do not.
bool simd_target_is_fused();

}  // namespace trp
