#pragma once

#include "trp/nn/kernels.h"

namespace trp {

/// What becomes of an input that is zero: multiplied like any other, or skipped.
enum class ZeroInputs { kMultiply, kSkip };

/// forward_product and weight_gradient_product for an x with many zeros: links with a zero of x are
/// left out of the chains. A link with zero adds zero, so the results have the same bits as the
/// dense products' as long as weight and dz are finite.
///
/// Where they are not, zero times infinity or NaN is NaN, which leaving out hides: a weight that is
/// not finite shows in the loss of the first batch in which its input is not zero, or at the end of
/// the epoch, when all parameters are looked at.
///
/// Zeros are found on the way, so nothing need be prepared; when more than about two thirds of x
/// are not zero, the dense products are faster.
void sparse_forward_product(ConstTensorView x, ConstTensorView weight, ConstTensorView bias,
                            Activation activation, TensorView result);
void sparse_weight_gradient_product(ConstTensorView x, ConstTensorView dz, ChainStart start,
                                    TensorView result);

}  // namespace trp
