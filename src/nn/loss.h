#pragma once

#include <cstdint>
#include <span>

#include "trp/tensor.h"

namespace trp {

/// Computes the softmax cross-entropy of each row, shifted by the row's largest logit so that it
/// cannot overflow, from logits [rows, classes] and labels[row] < classes. Writes
///   gradient [rows, classes] = (softmax(logits) − one-hot(label)) / divisor,
///   losses[row]  = −ln softmax(logits)[label], in double; not finite when a logit is NaN or
///                  +infinity, or the label's is −infinity,
///   correct[row] = 1 when the (first) largest logit is the label's, else 0.
void softmax_cross_entropy(ConstTensorView logits, std::span<const std::uint8_t> labels,
                           Index divisor, TensorView gradient, std::span<double> losses,
                           std::span<std::uint8_t> correct);

}  // namespace trp
