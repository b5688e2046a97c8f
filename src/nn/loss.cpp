#include "nn/loss.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace trp {

void softmax_cross_entropy(ConstTensorView logits, std::span<const std::uint8_t> labels,
                           Index divisor, TensorView gradient, std::span<double> losses,
                           std::span<std::uint8_t> correct) {
  const Index classes = logits.cols();
  const float scale = 1.0F / static_cast<float>(divisor);
  for (Index row = 0; row < logits.rows(); ++row) {
    const auto r = static_cast<std::size_t>(row);
    const float* z = logits.row(row);
    float* dz = gradient.row(row);
    const Index label = labels[r];
    assert(label < classes);

    const float* largest = std::max_element(z, z + classes);
    float sum = 0;
    for (Index c = 0; c < classes; ++c) {
      dz[c] = std::exp(z[c] - *largest);
      sum += dz[c];
    }
    for (Index c = 0; c < classes; ++c) dz[c] = dz[c] / sum * scale;
    dz[label] -= scale;
    losses[r] = std::log(static_cast<double>(sum)) - static_cast<double>(z[label] - *largest);
    correct[r] = largest - z == label;
  }
}

}  // namespace trp
