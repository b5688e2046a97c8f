#include "nn/mlp.h"

#include <bit>
#include <limits>

#include "catch.h"
#include "nn/reference.h"

using namespace trp;

TEST_CASE("the gradient is that of central differences in double precision") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    const GradientErrors errors = gradient_errors(seed);
    CHECK(errors.reference < 1e-6);
    CHECK(errors.program < 1e-4);
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

TEST_CASE("all NaNs have one digest, which no number has") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  Mlp mlp = make_mlp(std::vector<Index>{3, 5, 2}, 1);
  const std::string without = weights_digest(mlp);
  mlp.layers[1].weight(4, 1) = kNan;
  const std::string digest = weights_digest(mlp);
  CHECK(digest != without);
  for (const std::uint32_t bits : {0xFFC00000U, 0x7FC00001U, 0xFFFFFFFFU, 0x7F800001U}) {
    mlp.layers[1].weight(4, 1) = std::bit_cast<float>(bits);
    CHECK(weights_digest(mlp) == digest);
  }
  mlp.layers[1].weight(4, 1) = -0.0F;
  const std::string minus_zero = weights_digest(mlp);
  mlp.layers[1].weight(4, 1) = 0.0F;
  CHECK(weights_digest(mlp) != minus_zero);
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
        std::vector<Index>{33, 32, 3}, std::vector<Index>{65, 100, 3},
        std::vector<Index>{784, 700, 1500, 3}}) {
    const Mlp mlp = make_mlp(sizes, 1);
    std::vector<Index> rows(mlp.layers.size());
    std::vector<int> biases(mlp.layers.size());
    for (const Tile& tile : make_tiles(mlp)) {
      CHECK(tile.rows.begin == rows[tile.layer]);
      const Tensor& weight = mlp.layers[tile.layer].weight;
      CHECK(
          (tile.rows.size() >= 1 && tile.rows.size() <= tile_inputs(weight.rows(), weight.cols())));
      CHECK(tile.rows.begin % kBlockBytes == 0);
      rows[tile.layer] = tile.rows.end;
      biases[tile.layer] += tile.with_bias;
    }
    for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
      CHECK(rows[l] == mlp.layers[l].weight.rows());
      CHECK(biases[l] == 1);
    }
  }
}
