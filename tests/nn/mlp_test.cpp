#include "trp/nn/mlp.h"

#include <limits>

#include "catch.h"
#include "nn/random_tensor.h"
#include "trp/nn/loss.h"
#include "trp/nn/reference_mlp.h"

using namespace trp;

namespace {

struct Example {
  Mlp mlp;
  Tensor input;
  std::vector<std::uint8_t> labels;
};

/// A network of random shape with biases, and a batch for it.
Example random_example(std::uint64_t seed) {
  RandomStream random = test_random(seed);
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

Eigen::MatrixXd as_double(const Tensor& tensor) { return tensor.view().matrix().cast<double>(); }

/// |a − b| relative to |b|, as vectors of all parameters.
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

ReferenceMlp central_differences(const Example& example) {
  constexpr double kStep = 1e-5;
  ReferenceMlp mlp(example.mlp);
  ReferenceMlp result = mlp;
  const Eigen::MatrixXd input = as_double(example.input);
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
  forward(mlp, example.input, rows, activations);
  softmax_cross_entropy(activations.outputs.back().view(), example.labels, rows.size(),
                        activations.gradients.back().view(), losses, correct);
  backward(mlp, rows, activations);
  Gradient gradient = make_gradient(mlp);
  for (const Tile& tile : make_tiles(mlp))
    tile_gradient(example.input, activations, rows, tile, ChainStart::kZero,
                  gradient.of_tile(tile));
  ReferenceMlp result(mlp);
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    result.weights[l] = as_double(gradient.layers[l].weight);
    result.biases[l] = as_double(gradient.layers[l].bias);
  }
  return result;
}

}  // namespace

TEST_CASE("the gradient is that of central differences in double precision") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    const Example example = random_example(seed);
    const ReferenceMlp exact =
        ReferenceMlp(example.mlp).gradient(as_double(example.input), example.labels);
    CHECK(relative_difference(central_differences(example), exact) < 1e-6);
    CHECK(relative_difference(float_gradient(example), exact) < 1e-4);
  }
}

TEST_CASE("weights are He-uniform, biases zero, and depend on the seed alone") {
  const std::vector<Index> sizes = {200, 100, 10};
  const Mlp mlp = make_mlp(sizes, 1);
  for (const Layer& layer : mlp.layers) {
    const auto in = static_cast<double>(layer.weight.rows());
    const auto weights = layer.weight.view().matrix();
    CHECK(weights.cwiseAbs().maxCoeff() <= std::sqrt(6 / in));
    CHECK(weights.squaredNorm() / static_cast<double>(weights.size()) ==
          Approx(2 / in).epsilon(0.1));
    CHECK(layer.bias.view().matrix().isZero(0));
  }
  CHECK(mlp.layers[0].weight_transposed.rows() == 0);
  CHECK(mlp.layers[1].weight_transposed.view().matrix() ==
        mlp.layers[1].weight.view().matrix().transpose());
  CHECK(weights_digest(make_mlp(sizes, 1)) == weights_digest(mlp));
  CHECK(weights_digest(make_mlp(sizes, 2)) != weights_digest(mlp));
  CHECK(layer_sizes(mlp) == sizes);
  CHECK(parameter_count(mlp) == 201 * 100 + 101 * 10);
}

TEST_CASE("the digest covers every parameter and no padding") {
  Mlp mlp = make_mlp(std::vector<Index>{3, 5, 2}, 1);
  const std::string digest = weights_digest(mlp);
  mlp.layers[0].weight.row(0)[5] = 1;  // padding
  CHECK(weights_digest(mlp) == digest);
  for (Layer& layer : mlp.layers)
    for (Tensor* tensor : {&layer.weight, &layer.bias})
      for (Index r = 0; r < tensor->rows(); ++r)
        for (Index c = 0; c < tensor->cols(); ++c) {
          const float value = (*tensor)(r, c);
          (*tensor)(r, c) = std::nextafter(value, 2.0F);
          CHECK(weights_digest(mlp) != digest);
          (*tensor)(r, c) = value;
        }
  CHECK(weights_digest(mlp) == digest);
}

TEST_CASE("a parameter that is not finite is noticed wherever it is") {
  Mlp mlp = make_mlp(std::vector<Index>{3, 5, 2}, 1);
  CHECK(all_finite(mlp));
  for (Layer& layer : mlp.layers)
    for (Tensor* tensor : {&layer.weight, &layer.bias})
      for (const float bad :
           {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        const Index row = tensor->rows() - 1;
        const Index col = tensor->cols() - 1;
        const float value = (*tensor)(row, col);
        (*tensor)(row, col) = bad;
        CHECK_FALSE(all_finite(mlp));
        (*tensor)(row, col) = value;
      }
  CHECK(all_finite(mlp));
}

TEST_CASE("tiles cover every weight and bias once") {
  for (const std::vector<Index>& sizes :
       {std::vector<Index>{784, 128, 64, 10}, std::vector<Index>{1, 1},
        std::vector<Index>{25, 24, 3}}) {
    const Mlp mlp = make_mlp(sizes, 1);
    std::vector<Index> rows(mlp.layers.size());
    std::vector<int> biases(mlp.layers.size());
    for (const Tile& tile : make_tiles(mlp)) {
      CHECK(tile.rows.begin == rows[tile.layer]);
      CHECK((tile.rows.size() >= 1 && tile.rows.size() <= kTileInputs));
      rows[tile.layer] = tile.rows.end;
      biases[tile.layer] += tile.with_bias;
    }
    for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
      CHECK(rows[l] == mlp.layers[l].weight.rows());
      CHECK(biases[l] == 1);
    }
  }
}
