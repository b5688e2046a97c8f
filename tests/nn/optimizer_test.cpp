#include "nn/optimizer.h"

#include <cmath>
#include <limits>

#include "catch.h"
#include "nn/each_target.h"
#include "nn/mlp.h"
#include "nn/random_tensor.h"

using namespace trp;

namespace {

Gradient random_gradient(const Mlp& mlp, std::uint64_t seed) {
  RandomStream random = test_random(seed);
  Gradient gradient = make_gradient(mlp);
  for (Gradient::OfLayer& layer : gradient.layers) {
    layer.weight = random_tensor(layer.weight.rows(), layer.weight.cols(), random);
    layer.bias = random_tensor(1, layer.bias.cols(), random);
  }
  return gradient;
}

}  // namespace

TEST_CASE("an update reaches every parameter, follows momentum and keeps the transposed copy") {
  const Mlp before = make_mlp(std::vector<Index>{50, 33, 7}, 1);
  Mlp mlp = before;
  Optimizer optimizer(mlp, {.momentum = 0.5F, .weight_decay = 0.1F, .clip_norm = 0});
  Gradient gradient = random_gradient(mlp, 2);
  for (int step = 0; step < 2; ++step)
    for (const Tile& tile : make_tiles(mlp))
      optimizer.update(tile, of_tile(gradient, tile), {0.25F}, 2.0F, {}, mlp);

  const auto expected = [](double w, double g) {
    double v = 0;
    for (int step = 0; step < 2; ++step) {
      v = 0.5 * v + (2 * g + 0.1 * w);
      w -= 0.25 * v;
    }
    return w;
  };
  for (std::size_t l = 0; l < mlp.layers.size(); ++l) {
    const Layer& layer = mlp.layers[l];
    for (Index o = 0; o < layer.weight.cols(); ++o) {
      CHECK(layer.bias(0, o) ==
            Approx(expected(before.layers[l].bias(0, o), gradient.layers[l].bias(0, o)))
                .margin(1e-5));
      for (Index i = 0; i < layer.weight.rows(); ++i) {
        CHECK(layer.weight(i, o) ==
              Approx(expected(before.layers[l].weight(i, o), gradient.layers[l].weight(i, o)))
                  .margin(1e-5));
        if (l > 0) CHECK(layer.weight_transposed(o, i) == layer.weight(i, o));
      }
    }
  }
}

TEST_CASE("what decays is zero before it is denormal, and NaN stays NaN") {
  const auto check = [](OptimizerOptions options, StepRates rates) {
    on_each_target([&] {
      Mlp mlp = make_mlp(std::vector<Index>{20, 9}, 1);
      Optimizer optimizer(mlp, options);
      const Tile tile = make_tiles(mlp).front();
      Gradient gradient = random_gradient(mlp, 2);
      gradient.layers[0].weight(3, 2) = std::numeric_limits<float>::quiet_NaN();
      const auto is_decayed = [](float value) { return value == 0 || std::isnormal(value); };
      constexpr int kSteps = 4000;
      for (int step = 0; step < kSteps; ++step) {
        optimizer.update(tile, of_tile(gradient, tile), rates, 1.0F, {}, mlp);
        if (step == 0)
          for (Index i = 0; i < 20; ++i)
            for (Index o = 0; o < 9; ++o) gradient.layers[0].weight(i, o) = 0;
        for (Index i = 0; i < 20; ++i)
          for (Index o = 0; o < 9; ++o) {
            INFO("step " << step << ", weight " << i << ", " << o);
            const bool is_nan = i == 3 && o == 2;
            const auto check_one = [&](float value) {
              if (is_nan ? !std::isnan(value) : !is_decayed(value)) FAIL(value);
            };
            check_one(mlp.layers[0].weight(i, o));
            check_one(optimizer.state().velocity.layers[0].weight(i, o));
            if (step == kSteps - 1 && !is_nan) {
              CHECK(mlp.layers[0].weight(i, o) == 0);
              CHECK(optimizer.state().velocity.layers[0].weight(i, o) == 0);
            }
          }
      }
    });
  };
  check({.momentum = 0.9F, .weight_decay = 0.5, .clip_norm = 0}, {.learning_rate = 0.05F});
  check({.momentum = 0.9F, .nesterov = true, .weight_decay = 0.5, .clip_norm = 0},
        {.learning_rate = 0.05F});
}

TEST_CASE("clipping scales a gradient that is too long to the limit, and no other") {
  const Mlp mlp = make_mlp(std::vector<Index>{4, 3}, 1);
  const Optimizer optimizer(mlp, {.momentum = 0, .weight_decay = 0, .clip_norm = 2});
  CHECK(optimizer.clips());
  CHECK(optimizer.clip_scale(1.0) == 1);
  CHECK(optimizer.clip_scale(4.0) == 1);
  CHECK(optimizer.clip_scale(16.0) == 0.5F);
  CHECK_FALSE(Optimizer(mlp, {}).clips());
}

TEST_CASE("the squared column norms of all tiles sum up to that of the whole gradient") {
  const Mlp mlp = make_mlp(std::vector<Index>{60, 37, 5}, 1);
  Gradient gradient = random_gradient(mlp, 3);
  double tiles = 0;
  for (const Tile& tile : make_tiles(mlp)) {
    std::vector<double> norms(static_cast<std::size_t>(tile.cols.size()), -1.0);
    squared_column_norms(of_tile(gradient, tile), norms);
    tiles += std::accumulate(norms.begin(), norms.end(), 0.0);

    // The same bits however the tile is cut into columns.
    std::vector<double> norms_of_parts;
    for (Index begin = 0; begin < tile.cols.end; begin += kLineFloats) {
      Tile part = tile;
      part.cols = {begin, std::min(begin + kLineFloats, tile.cols.end)};
      std::vector<double> of_part(static_cast<std::size_t>(part.cols.size()), -1.0);
      squared_column_norms(of_tile(gradient, part), of_part);
      norms_of_parts.insert(norms_of_parts.end(), of_part.begin(), of_part.end());
    }
    CHECK(norms == norms_of_parts);
  }
  double whole = 0;
  for (const Gradient::OfLayer& layer : gradient.layers)
    whole += layer.weight.view().matrix().cast<double>().squaredNorm() +
             layer.bias.view().matrix().cast<double>().squaredNorm();
  CHECK(tiles == Approx(whole).epsilon(1e-12));
}
