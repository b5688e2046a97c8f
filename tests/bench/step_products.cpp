#include "bench/step_products.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "nn/mlp.h"

namespace trp {
namespace {

Tensor random_tensor(Index rows, Index cols) {
  static std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Tensor tensor(rows, cols);
  for (Index row = 0; row < rows; ++row)
    for (Index col = 0; col < cols; ++col) tensor(row, col) = uniform(random);
  return tensor;
}

Tensor ones(Index rows, Index cols) {
  Tensor tensor(rows, cols);
  tensor.view().matrix().setOnes();
  return tensor;
}

StepProduct forward(Index batch, Index in, Index out, bool is_last) {
  return {.name = fmt::format("{}×{} forward", in, out),
          .kind = ProductKind::kForward,
          .activation = is_last ? Activation::kNone : Activation::kRelu,
          .a = random_tensor(batch, in),
          .b = random_tensor(in, out),
          .c = Tensor(batch, out),
          .bias = Tensor(1, out),
          .mask = {}};
}

StepProduct weight_gradient(Index batch, Index in, Index out) {
  return {.name = fmt::format("{}×{} weight gradient", in, out),
          .kind = ProductKind::kWeightGradient,
          .activation = Activation::kNone,
          .a = random_tensor(batch, in),
          .b = random_tensor(batch, out),
          .c = Tensor(in, out),
          .bias = {},
          .mask = {}};
}

StepProduct input_gradient(Index batch, Index in, Index out) {
  return {.name = fmt::format("{}×{} input gradient", in, out),
          .kind = ProductKind::kInputGradient,
          .activation = Activation::kNone,
          .a = random_tensor(batch, out),
          .b = random_tensor(out, in),
          .c = Tensor(batch, in),
          .bias = {},
          .mask = ones(batch, in)};
}

}  // namespace

ProductOperands StepProduct::operands() {
  return {a.view(), kind == ProductKind::kWeightGradient, b.view(), c.view()};
}

double StepProduct::flops() const {
  return 2.0 * static_cast<double>(c.rows() * c.cols() * b.rows());
}

RunProduct StepProduct::with_kernels(Activation applied) {
  switch (kind) {
    case ProductKind::kForward:
      return
          [this, applied] { forward_product(a.view(), b.view(), bias.view(), applied, c.view()); };
    case ProductKind::kWeightGradient:
      return [this] {  // tile by tile, as all schedules do
        const Index rows = tile_inputs(c.rows(), c.cols());
        for (Index begin = 0; begin < c.rows(); begin += rows) {
          const Index end = std::min(begin + rows, c.rows());
          weight_gradient_product(a.view().view_cols(begin, end), b.view(), ChainStart::kZero,
                                  c.view_rows(begin, end));
        }
      };
    case ProductKind::kInputGradient:
      break;
  }
  return [this] { input_gradient_product(a.view(), b.view(), mask.view(), c.view()); };
}

std::vector<StepProduct> products_of_step(const std::vector<Index>& layer_sizes, Index batch_size) {
  std::vector<StepProduct> products;
  for (std::size_t l = 0; l + 1 < layer_sizes.size(); ++l) {
    const Index in = layer_sizes[l];
    const Index out = layer_sizes[l + 1];
    products.push_back(forward(batch_size, in, out, l + 2 == layer_sizes.size()));
    products.push_back(weight_gradient(batch_size, in, out));
    if (l > 0) products.push_back(input_gradient(batch_size, in, out));
  }
  return products;
}

}  // namespace trp
