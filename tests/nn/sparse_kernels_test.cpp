#include "nn/kernels.h"

#include <cstring>
#include <limits>

#include "catch.h"
#include "core/partition.h"
#include "nn/each_target.h"
#include "nn/random_tensor.h"

using namespace trp;

namespace {

/// What the bytes stand for.
Tensor as_floats(const ByteTensor& bytes) {
  Tensor floats(bytes.rows(), bytes.cols());
  for (Index r = 0; r < bytes.rows(); ++r) scale_bytes(bytes.row(r), bytes.cols(), floats.row(r));
  return floats;
}

/// Products of these with a number below one half are too small for a float: zeros of either sign.
Tensor tiny_tensor(Index rows, Index cols, RandomStream& random) {
  Tensor tensor(rows, cols);
  const float tiny = std::numeric_limits<float>::denorm_min();
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) tensor(r, c) = random.below(2) == 0 ? tiny : -tiny;
  return tensor;
}

/// Also tells +0 and −0 apart.
void check_same_bits(const Tensor& actual, const Tensor& expected) {
  for (Index r = 0; r < expected.rows(); ++r) {
    INFO("row " << r);
    REQUIRE(std::memcmp(actual.row(r), expected.row(r),
                        static_cast<std::size_t>(expected.cols()) * sizeof(float)) == 0);
  }
}

void check_products(const ByteTensor& bytes, const Tensor& weight, const Tensor& bias,
                    const Tensor& dz, RandomStream& random) {
  const Tensor x = as_floats(bytes);
  for (const Activation activation : {Activation::kNone, Activation::kRelu}) {
    Tensor expected(x.rows(), weight.cols());
    Tensor z = random_tensor(x.rows(), weight.cols(), random);
    forward_product(x.view(), weight.view(), bias.view(), activation, expected.view());
    forward_product(bytes.view(), weight.view(), bias.view(), activation, z.view());
    check_same_bits(z, expected);
  }
  for (const ChainStart start : {ChainStart::kZero, ChainStart::kResult}) {
    Tensor expected = random_tensor(x.cols(), weight.cols(), random);
    Tensor dw = expected;
    weight_gradient_product(x.view(), dz.view(), start, expected.view());
    weight_gradient_product(bytes.view(), dz.view(), start, dw.view());
    check_same_bits(dw, expected);
  }
}

/// Of weights and velocities that show the sign of a gradient that is zero.
void check_updates(const ByteTensor& bytes, const Tensor& dz) {
  const UpdateCoefficients k = {.learning_rate = 0.1F, .momentum = 0.9F};
  const Tensor x = as_floats(bytes);
  const auto update = [&](const InputView& input, Tensor& weights, Tensor& velocity) {
    Tensor scratch(bytes.cols(), dz.cols());
    weights.view().matrix().setConstant(-1);
    velocity.view().matrix().setConstant(-0.0F);
    weight_gradient_update(input, dz.view(), {}, k, scratch.view(),
                           {weights.view(), velocity.view()});
  };
  Tensor expected_weights(bytes.cols(), dz.cols()), weights = expected_weights;
  Tensor expected_velocity = weights, velocity = weights;
  update(x.view(), expected_weights, expected_velocity);
  update(bytes.view(), weights, velocity);
  check_same_bits(weights, expected_weights);
  check_same_bits(velocity, expected_velocity);
}

}  // namespace

TEST_CASE("to skip zeros changes no bit, whatever their number and place") {
  on_each_target([] {
    RandomStream random = test_random(1);
    for (Index rows = 1; rows <= 70; ++rows) {
      const Index features = 1 + random.below(200);
      const Index outputs = 1 + random.below(150);
      const auto density = static_cast<float>(random.below(6)) / 5;
      INFO(rows << " x " << features << " x " << outputs << ", density " << density);
      const ByteTensor x = random_bytes(rows, features, density, random);
      check_products(x, random_tensor(features, outputs, random), random_tensor(1, outputs, random),
                     random_tensor(rows, outputs, random), random);
    }
  });
}

TEST_CASE("chains that come to nothing end in the same zero when zeros are skipped") {
  on_each_target([] {
    RandomStream random = test_random(2);
    for (const Index rows : {2, 7, 65}) {
      ByteTensor x = random_bytes(rows, 90, 0.5F, random);
      for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < 90; ++c) x(r, c) = r == 0 ? 0 : x(r, c) & 127;
      Tensor bias(1, 40);
      for (Index c = 0; c < 40; c += 2) bias(0, c) = -0.0F;
      const Tensor dz = tiny_tensor(rows, 40, random);
      check_products(x, tiny_tensor(90, 40, random), bias, dz, random);
      check_updates(x, dz);
    }
  });
}

TEST_CASE("where a gradient is not finite, the columns it is divided into change no bit") {
  on_each_target([] {
    RandomStream random = test_random(4);
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const ByteTensor x = random_bytes(70, 100, 0.3F, random);
      Tensor dz = random_tensor(70, 150, random);
      for (const Index row : {3, 11, 69}) dz.view_rows(row, row + 1).matrix().setConstant(bad);
      Tensor whole(100, 150);
      weight_gradient_product(x.view(), dz.view(), ChainStart::kZero, whole.view());
      for (const Index parts : {2, 3, 7}) {
        Tensor dw(100, 150);
        for (Index part = 0; part < parts; ++part) {
          const Range cols = split_evenly(150, parts, part, kLineFloats);
          weight_gradient_product(x.view(), dz.view().view_cols(cols.begin, cols.end),
                                  ChainStart::kZero, dw.view().view_cols(cols.begin, cols.end));
        }
        check_same_bits(dw, whole);
      }
    }
  });
}

TEST_CASE("how a sparse product is divided among calls changes no bit") {
  on_each_target([] {
    RandomStream random = test_random(3);
    const ByteTensor x = random_bytes(150, 100, 0.4F, random);
    const Tensor weight = random_tensor(100, 70, random);
    const Tensor bias = random_tensor(1, 70, random);
    const Tensor dz = random_tensor(150, 70, random);
    Tensor whole_z(150, 70);
    Tensor whole_dw(100, 70);
    forward_product(x.view(), weight.view(), bias.view(), Activation::kRelu, whole_z.view());
    weight_gradient_product(x.view(), dz.view(), ChainStart::kZero, whole_dw.view());
    for (const Index parts : {2, 3, 7}) {
      Tensor z(150, 70);
      Tensor dw(100, 70);
      for (Index part = 0; part < parts; ++part) {
        const Range samples = split_evenly(150, parts, part);
        for (Index other = 0; other < parts; ++other) {
          const Range cols = split_evenly(70, parts, other, kLineFloats);
          forward_product(x.view_rows(samples.begin, samples.end),
                          weight.view().view_cols(cols.begin, cols.end),
                          bias.view().view_cols(cols.begin, cols.end), Activation::kRelu,
                          z.view_rows(samples.begin, samples.end).view_cols(cols.begin, cols.end));
          const Range features = split_evenly(100, parts, other, kBlockBytes);
          weight_gradient_product(
              x.view_rows(samples.begin, samples.end).view_cols(features.begin, features.end),
              dz.view_rows(samples.begin, samples.end),
              part == 0 ? ChainStart::kZero : ChainStart::kResult,
              dw.view_rows(features.begin, features.end));
        }
      }
      check_same_bits(z, whole_z);
      check_same_bits(dw, whole_dw);
    }
  });
}
