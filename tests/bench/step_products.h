#pragma once

#include <string>
#include <vector>

#include "bench/product_peer.h"
#include "nn/kernels.h"

namespace trp {

enum class ProductKind { kForward, kWeightGradient, kInputGradient };

/// One matrix product of a training step, with operands between −1 and 1.
struct StepProduct {
  std::string name;
  ProductKind kind;
  Activation activation;
  Tensor a;
  Tensor b;
  Tensor c;
  Tensor bias;  // zero, and the mask lets everything through: as if there were none
  Tensor mask;

  ProductOperands operands();
  double flops() const;

  /// With the program's kernels, which add the bias and apply ReLU or its gradient on the way.
  RunProduct with_kernels(Activation applied);
};

/// All of a network's products for a batch; nothing asks for the gradient of the input itself.
std::vector<StepProduct> products_of_step(const std::vector<Index>& layer_sizes, Index batch_size);

}  // namespace trp
