#pragma once

#include <cstdint>
#include <span>

#include "trp/tensor.h"

namespace trp {

/// What the loss of a batch is, in PyTorch's meaning. A label is the distribution t over the
/// classes c, of which the class counts as much as its weight w:
///   t[c] = (1 − smoothing) · w[c] · [c is the label] + smoothing / classes · w[c].
/// (Szegedy et al., "Rethinking the Inception architecture", CVPR 2016.)
struct LossForm {
  double divisor = 1;     // of the sum over a batch: its samples, or their classes' weights
  double loss_scale = 1;  // of each loss: samples / divisor, so that their mean is the batch's
  float smoothing = 0;
  std::span<const float> class_weights = {};  // empty: all are 1
};

/// Computes the softmax cross-entropy of each row, shifted by the row's largest logit so that it
/// cannot overflow, from logits [rows, classes] and labels[row] < classes. Writes
///   gradient [rows, classes] = (Σt · softmax(logits) − t) / divisor,
///   losses[row]  = −Σ t[c] · ln softmax(logits)[c] · loss_scale, in double; not finite when a
///                  logit is NaN or +infinity, or that of a class with t[c] > 0 −infinity,
///   correct[row] = 1 when the (first) largest logit is the label's, else 0.
void softmax_cross_entropy(ConstTensorView logits, std::span<const std::uint8_t> labels,
                           const LossForm& form, TensorView gradient, std::span<double> losses,
                           std::span<std::uint8_t> correct);

}  // namespace trp
