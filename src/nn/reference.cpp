#include "nn/reference.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <hwy/targets.h>

#include "nn/kernels.h"
#include "nn/loss.h"

namespace trp {
namespace {

void use_target(std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

/// However the scope is left.
struct BestTargetAgain {
  BestTargetAgain() = default;
  ~BestTargetAgain() { use_target(0); }
  BestTargetAgain(const BestTargetAgain&) = delete;
  BestTargetAgain& operator=(const BestTargetAgain&) = delete;
};

/// NaN counts as infinitely far.
double largest_difference(const Tensor& actual, const Eigen::MatrixXd& expected) {
  const Eigen::MatrixXd difference = in_double(actual) - expected;
  return difference.allFinite() ? difference.cwiseAbs().maxCoeff() : INFINITY;
}

struct Example {
  Mlp mlp;
  Tensor input;
  std::vector<std::uint8_t> labels;
};

/// A network of random shape with biases, and a batch for it.
Example random_example(std::uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kWeights);
  std::vector<Index> sizes = {1 + random.below(20)};
  for (std::uint32_t hidden = random.below(4); hidden > 0; --hidden)
    sizes.push_back(1 + random.below(40));
  sizes.push_back(2 + random.below(12));
  Example example{make_mlp(sizes, seed), {}, {}};
  for (Layer& layer : example.mlp.layers) layer.bias = random_tensor(1, layer.bias.cols(), random);
  const Index rows = 1 + random.below(20);
  example.input = random_tensor(rows, sizes.front(), random);
  for (Index i = 0; i < rows; ++i)
    example.labels.push_back(
        static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(sizes.back()))));
  return example;
}

ReferenceMlp central_differences(const Example& example) {
  constexpr double kStep = 1e-5;
  ReferenceMlp mlp(example.mlp);
  ReferenceMlp result = mlp;
  const Eigen::MatrixXd input = in_double(example.input);
  const auto slope = [&](double& parameter) {
    const double value = parameter;
    parameter = value + kStep;
    const double above = mlp.loss(input, example.labels);
    parameter = value - kStep;
    const double below = mlp.loss(input, example.labels);
    parameter = value;
    return (above - below) / (2 * kStep);
  };
  for (std::size_t l = 0; l < mlp.weights.size(); ++l) {
    for (Eigen::Index i = 0; i < mlp.weights[l].size(); ++i)
      result.weights[l].data()[i] = slope(mlp.weights[l].data()[i]);
    for (Eigen::Index i = 0; i < mlp.biases[l].size(); ++i)
      result.biases[l].data()[i] = slope(mlp.biases[l].data()[i]);
  }
  return result;
}

/// The gradient by the program's own arithmetic.
ReferenceMlp float_gradient(const Example& example) {
  const Mlp& mlp = example.mlp;
  const Range rows = {0, example.input.rows()};
  Activations activations = make_activations(mlp, rows.size());
  std::vector<double> losses(example.labels.size());
  std::vector<std::uint8_t> correct(example.labels.size());
  forward(mlp, example.input.view(), rows, activations);
  softmax_cross_entropy(activations.outputs.back().view(), example.labels,
                        {static_cast<double>(rows.size())}, activations.gradients.back().view(),
                        losses, correct);
  backward(mlp, rows, activations);
  Gradient gradient = make_gradient(mlp);
  for (const Tile& tile : make_tiles(mlp))
    tile_gradient(tile_factors(example.input.view(), activations, rows, tile), tile,
                  ChainStart::kZero, of_tile(gradient, tile));
  return ReferenceMlp(gradient.layers);
}

/// How far products of random bytes are from the same of the floats that they stand for.
double bytes_error(const Tensor& weight, const Tensor& bias, const Tensor& dz,
                   RandomStream& random) {
  const Index rows = dz.rows(), depth = weight.rows(), cols = weight.cols();
  ByteTensor bytes(rows, depth);
  Tensor floats(rows, depth);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < depth; ++c)
      bytes(r, c) = static_cast<std::uint8_t>(random.below(2) * random.below(256));
    scale_bytes(bytes.row(r), depth, floats.row(r));
  }
  Tensor z(rows, cols), z_of_bytes(rows, cols), dw(depth, cols), dw_of_bytes(depth, cols);
  forward_product(floats.view(), weight.view(), bias.view(), Activation::kNone, z.view());
  forward_product(bytes.view(), weight.view(), bias.view(), Activation::kNone, z_of_bytes.view());
  weight_gradient_product(floats.view(), dz.view(), ChainStart::kZero, dw.view());
  weight_gradient_product(bytes.view(), dz.view(), ChainStart::kZero, dw_of_bytes.view());
  return std::max(largest_difference(z_of_bytes, in_double(z)),
                  largest_difference(dw_of_bytes, in_double(dw)));
}

}  // namespace

std::vector<Eigen::MatrixXd> ReferenceMlp::outputs(const Eigen::MatrixXd& input) const {
  std::vector<Eigen::MatrixXd> outputs;
  for (std::size_t l = 0; l < weights.size(); ++l) {
    const Eigen::MatrixXd& x = l == 0 ? input : outputs.back();
    Eigen::MatrixXd z = (x * weights[l]).rowwise() + biases[l];
    if (l + 1 < weights.size()) z = z.cwiseMax(0);
    outputs.push_back(z);
  }
  return outputs;
}

double ReferenceMlp::loss(const Eigen::MatrixXd& input,
                          std::span<const std::uint8_t> labels) const {
  const Eigen::MatrixXd logits = outputs(input).back();
  double sum = 0;
  for (Eigen::Index i = 0; i < logits.rows(); ++i) {
    const double largest = logits.row(i).maxCoeff();
    sum += std::log((logits.row(i).array() - largest).exp().sum()) + largest -
           logits(i, labels[static_cast<std::size_t>(i)]);
  }
  return sum / static_cast<double>(logits.rows());
}

ReferenceMlp ReferenceMlp::gradient(const Eigen::MatrixXd& input,
                                    std::span<const std::uint8_t> labels) const {
  ReferenceMlp result = *this;
  const std::vector<Eigen::MatrixXd> a = outputs(input);
  Eigen::MatrixXd dz = a.back();
  for (Eigen::Index i = 0; i < dz.rows(); ++i) {
    dz.row(i) = (dz.row(i).array() - dz.row(i).maxCoeff()).exp();
    dz.row(i) /= dz.row(i).sum();
    dz(i, labels[static_cast<std::size_t>(i)]) -= 1;
  }
  dz /= static_cast<double>(dz.rows());
  for (std::size_t l = weights.size(); l-- > 0;) {
    const Eigen::MatrixXd& x = l == 0 ? input : a[l - 1];
    result.weights[l] = x.transpose() * dz;
    result.biases[l] = dz.colwise().sum();
    if (l > 0)
      dz = (dz * weights[l].transpose()).cwiseProduct((x.array() > 0).cast<double>().matrix());
  }
  return result;
}

double relative_difference(const ReferenceMlp& a, const ReferenceMlp& b) {
  double difference = 0;
  double size = 0;
  for (std::size_t l = 0; l < a.weights.size(); ++l) {
    difference += (a.weights[l] - b.weights[l]).squaredNorm();
    difference += (a.biases[l] - b.biases[l]).squaredNorm();
    size += b.weights[l].squaredNorm() + b.biases[l].squaredNorm();
  }
  return std::sqrt(difference / size);
}

Tensor random_tensor(Index rows, Index cols, RandomStream& random) {
  Tensor tensor(rows, cols);
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) tensor(r, c) = 2 * random.uniform() - 1;
  return tensor;
}

void for_each_simd_target(const std::function<void()>& body) {
  const BestTargetAgain best_again;
  const std::int64_t supported = hwy::SupportedTargets();
  std::string_view previous;
  for (int bit = 62; bit >= 0; --bit) {
    const std::int64_t target = std::int64_t{1} << bit;
    if (!(supported & target)) continue;
    use_target(target);
    // What no kernel was compiled for is done as the next best.
    if (simd_target_name() == previous) continue;
    previous = simd_target_name();
    body();
  }
}

double ProductErrors::largest() const {
  return std::max({forward, forward_relu, weight_gradient, bias_gradient, input_gradient, bytes});
}

ProductErrors product_errors(Index rows, Index depth, Index cols, RandomStream& random) {
  const Tensor x = random_tensor(rows, depth, random);
  const Tensor weight = random_tensor(depth, cols, random);
  const Tensor bias = random_tensor(1, cols, random);
  const Tensor dz = random_tensor(rows, cols, random);
  ProductErrors errors;
  errors.tolerance = 2e-6 * std::sqrt(static_cast<double>(depth + rows)) + 1e-6;

  const Eigen::MatrixXd expected =
      (in_double(x) * in_double(weight)).rowwise() + in_double(bias).row(0);
  Tensor z(rows, cols);
  forward_product(x.view(), weight.view(), bias.view(), Activation::kNone, z.view());
  errors.forward = largest_difference(z, expected);
  forward_product(x.view(), weight.view(), bias.view(), Activation::kRelu, z.view());
  errors.forward_relu = largest_difference(z, expected.cwiseMax(0));

  Tensor dw(depth, cols);
  weight_gradient_product(x.view(), dz.view(), ChainStart::kZero, dw.view());
  errors.weight_gradient = largest_difference(dw, in_double(x).transpose() * in_double(dz));
  Tensor db(1, cols);
  bias_gradient_sum(dz.view(), ChainStart::kZero, db.view());
  errors.bias_gradient = largest_difference(db, in_double(dz).colwise().sum());

  Tensor transposed(cols, depth);
  transposed.view().matrix() = weight.view().matrix().transpose();
  Tensor dx(rows, depth);
  input_gradient_product(dz.view(), transposed.view(), x.view(), dx.view());
  const Eigen::MatrixXd mask = (in_double(x).array() > 0).cast<double>();
  errors.input_gradient =
      largest_difference(dx, (in_double(dz) * in_double(weight).transpose()).cwiseProduct(mask));

  errors.bytes = bytes_error(weight, bias, dz, random);
  return errors;
}

GradientErrors gradient_errors(std::uint64_t seed) {
  const Example example = random_example(seed);
  const ReferenceMlp exact =
      ReferenceMlp(example.mlp).gradient(in_double(example.input), example.labels);
  return {.reference = relative_difference(central_differences(example), exact),
          .program = relative_difference(float_gradient(example), exact)};
}

}  // namespace trp
