#pragma once

#include <functional>
#include <string>

#include "trp/tensor.h"

namespace trp {

/// c = a · b, or aᵀ · b, row-major.
struct ProductOperands {
  ConstTensorView a;
  bool a_transposed;
  ConstTensorView b;
  TensorView c;

  Index depth() const { return b.rows(); }
};

using RunProduct = std::function<void()>;

/// A library that multiplies matrices.
struct ProductPeer {
  std::string name;
  std::string version;
  /// Does beforehand what can be done once for all products of a shape; the result computes one of
  /// them on one thread. Empty when the library cannot.
  std::function<RunProduct(const ProductOperands&)> prepare;
};

ProductPeer eigen_products();
ProductPeer openblas_products();
ProductPeer onednn_products();
ProductPeer libxsmm_products();

}  // namespace trp
