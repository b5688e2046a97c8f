#include "nn/kernels.h"

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "catch.h"
#include "core/partition.h"
#include "nn/each_target.h"
#include "nn/random_tensor.h"

using namespace trp;

namespace {

/// One link of a chain as the instruction set in use computes it.
float link(float a, float b, float sum) {
  static const std::set<std::string> kUnfused = {"SSE2", "SSSE3", "SSE4", "EMU128", "SCALAR"};
  return kUnfused.contains(simd_target_name()) ? a * b + sum : std::fma(a, b, sum);
}

struct Shape {
  Index rows, depth, cols;
};

/// Odd sizes around every tile and vector edge, and the default network's; the last ones are wide
/// enough for factors to be packed, by blocks of rows and of links.
std::vector<Shape> shapes() {
  std::vector<Shape> shapes = {{1, 1, 1},    {64, 784, 128}, {64, 128, 64},  {64, 64, 10},
                               {5, 600, 33}, {13, 3, 48},    {12, 257, 32},  {7, 16, 31},
                               {5, 1, 256},  {203, 9, 300},  {11, 197, 257}, {260, 270, 261}};
  RandomStream random = test_random(1);
  for (int i = 0; i < 30; ++i)
    shapes.push_back({1 + random.below(40), 1 + random.below(300), 1 + random.below(70)});
  return shapes;
}

}  // namespace

TEST_CASE("products agree with Eigen's in double precision") {
  on_each_target([] {
    RandomStream random = test_random(2);
    for (const Shape& s : shapes()) {
      INFO(s.rows << " x " << s.depth << " x " << s.cols);
      const ProductErrors errors = product_errors(s.rows, s.depth, s.cols, random);
      CHECK(errors.forward < errors.tolerance);
      CHECK(errors.forward_relu < errors.tolerance);
      CHECK(errors.weight_gradient < errors.tolerance);
      CHECK(errors.bias_gradient < errors.tolerance);
      CHECK(errors.input_gradient < errors.tolerance);
      CHECK(errors.bytes == 0);
    }
  });
}

TEST_CASE("each element is one chain of multiply-adds in ascending order from its start") {
  on_each_target([] {
    RandomStream random = test_random(3);
    for (const Shape& s : {Shape{13, 300, 40}, Shape{3, 1, 5}, Shape{25, 64, 10},
                           Shape{13, 300, 260}, Shape{300, 13, 260}, Shape{13, 260, 300}}) {
      const Tensor x = random_tensor(s.rows, s.depth, random);
      const Tensor weight = random_tensor(s.depth, s.cols, random);
      const Tensor bias = random_tensor(1, s.cols, random);
      const Tensor dz = random_tensor(s.rows, s.cols, random);
      const Tensor start = random_tensor(s.depth, s.cols, random);

      Tensor expected_z(s.rows, s.cols);
      Tensor expected_dx(s.rows, s.depth);
      for (Index r = 0; r < s.rows; ++r)
        for (Index c = 0; c < s.cols; ++c) {
          float sum = bias(0, c);
          for (Index k = 0; k < s.depth; ++k) sum = link(x(r, k), weight(k, c), sum);
          expected_z(r, c) = sum;
        }
      for (Index r = 0; r < s.rows; ++r)
        for (Index k = 0; k < s.depth; ++k) {
          float sum = 0;
          for (Index c = 0; c < s.cols; ++c) sum = link(dz(r, c), weight(k, c), sum);
          expected_dx(r, k) = x(r, k) > 0 ? sum : 0;
        }
      Tensor expected_dw(s.depth, s.cols);
      for (Index k = 0; k < s.depth; ++k)
        for (Index c = 0; c < s.cols; ++c) {
          float sum = start(k, c);
          for (Index r = 0; r < s.rows; ++r) sum = link(x(r, k), dz(r, c), sum);
          expected_dw(k, c) = sum;
        }

      Tensor z(s.rows, s.cols);
      forward_product(x.view(), weight.view(), bias.view(), Activation::kNone, z.view());
      check_equal(z, expected_z);
      Tensor transposed(s.cols, s.depth);
      transposed.view().matrix() = weight.view().matrix().transpose();
      Tensor dx(s.rows, s.depth);
      input_gradient_product(dz.view(), transposed.view(), x.view(), dx.view());
      check_equal(dx, expected_dx);
      Tensor dw = start;
      weight_gradient_product(x.view(), dz.view(), ChainStart::kResult, dw.view());
      check_equal(dw, expected_dw);
    }
  });
}

TEST_CASE("how rows, columns and depth are divided among calls changes no bit") {
  on_each_target([] {
    RandomStream random = test_random(4);
    for (const Shape& s : shapes()) {
      INFO(s.rows << " x " << s.depth << " x " << s.cols);
      const Tensor x = random_tensor(s.rows, s.depth, random);
      const Tensor weight = random_tensor(s.depth, s.cols, random);
      const Tensor bias = random_tensor(1, s.cols, random);
      const Tensor dz = random_tensor(s.rows, s.cols, random);
      Tensor whole_z(s.rows, s.cols);
      Tensor whole_dw(s.depth, s.cols);
      Tensor whole_db(1, s.cols);
      forward_product(x.view(), weight.view(), bias.view(), Activation::kRelu, whole_z.view());
      weight_gradient_product(x.view(), dz.view(), ChainStart::kZero, whole_dw.view());
      bias_gradient_sum(dz.view(), ChainStart::kZero, whole_db.view());

      for (const Index parts : {2, 3, 8}) {
        Tensor z(s.rows, s.cols);
        for (Index part = 0; part < parts; ++part) {  // rows, then columns, of the result
          const Range rows = split_evenly(s.rows, parts, part);
          for (Index other = 0; other < parts; ++other) {
            const Range cols = split_evenly(s.cols, parts, other, kLineFloats);
            forward_product(
                x.view_rows(rows.begin, rows.end),
                ConstTensorView(weight.row(0) + cols.begin, s.depth, cols.size(), weight.stride()),
                ConstTensorView(bias.row(0) + cols.begin, 1, cols.size(), bias.stride()),
                Activation::kRelu,
                TensorView(z.row(rows.begin) + cols.begin, rows.size(), cols.size(), z.stride()));
          }
        }
        check_equal(z, whole_z);

        Tensor dw(s.depth, s.cols);
        Tensor db(1, s.cols);
        for (Index part = 0; part < parts; ++part) {  // the summed index
          const Range samples = split_evenly(s.rows, parts, part);
          const ChainStart start = part == 0 ? ChainStart::kZero : ChainStart::kResult;
          for (Index other = 0; other < parts; ++other) {  // rows of the result
            const Range rows = split_evenly(s.depth, parts, other);
            weight_gradient_product(ConstTensorView(x.row(samples.begin) + rows.begin,
                                                    samples.size(), rows.size(), x.stride()),
                                    dz.view_rows(samples.begin, samples.end), start,
                                    dw.view_rows(rows.begin, rows.end));
          }
          bias_gradient_sum(dz.view_rows(samples.begin, samples.end), start, db.view());
        }
        check_equal(dw, whole_dw);
        check_equal(db, whole_db);
      }
    }
  });
}

TEST_CASE("what lies in the padding of a first factor never reaches a result") {
  on_each_target([] {
    RandomStream random = test_random(5);
    Tensor x = random_tensor(9, 21, random);
    const Tensor weight = random_tensor(21, 10, random);
    const Tensor bias = random_tensor(1, 10, random);
    Tensor clean(9, 10);
    forward_product(x.view(), weight.view(), bias.view(), Activation::kNone, clean.view());
    for (Index r = 0; r < 9; ++r)
      for (Index c = 21; c < x.stride(); ++c) x.row(r)[c] = std::numeric_limits<float>::quiet_NaN();
    Tensor z(9, 10);
    forward_product(x.view(), weight.view(), bias.view(), Activation::kNone, z.view());
    check_equal(z, clean);
  });
}

TEST_CASE("ReLU keeps NaN, so that a diverged network shows") {
  on_each_target([] {
    Tensor x(1, 1);
    Tensor weight(1, 3);
    Tensor bias(1, 3);
    x(0, 0) = 1;
    weight(0, 0) = std::numeric_limits<float>::quiet_NaN();
    weight(0, 1) = -1;
    weight(0, 2) = 1;
    Tensor a(1, 3);
    forward_product(x.view(), weight.view(), bias.view(), Activation::kRelu, a.view());
    CHECK(std::isnan(a(0, 0)));
    CHECK(a(0, 1) == 0);
    CHECK(a(0, 2) == 1);
  });
}

TEST_CASE("an update is that of PyTorch") {
  constexpr double kRate = 0.1, kMomentum = 0.9, kDecay = 0.01, kScale = 0.5, kBeta2 = 0.99;
  on_each_target([] {
    RandomStream random = test_random(6);
    for (const UpdateRule rule : {UpdateRule::kSgd, UpdateRule::kNesterov, UpdateRule::kAdam})
      for (const bool has_velocity : {true, rule == UpdateRule::kAdam}) {
        const UpdateCoefficients k = {.rule = rule,
                                      .learning_rate = kRate,
                                      .momentum = static_cast<float>(has_velocity ? kMomentum : 0),
                                      .weight_decay = kDecay,
                                      .gradient_scale = kScale,
                                      .average_share = 0.25F,
                                      .mean_share = 1 - kMomentum,
                                      .beta2 = kBeta2,
                                      .square_share = 1 - kBeta2,
                                      .root_scale = 2,
                                      .epsilon = 0.125F,
                                      .shrink = 0.75F};
        const Tensor gradient = random_tensor(3, 37, random);
        Tensor weights = random_tensor(3, 37, random), velocity = random_tensor(3, 37, random);
        Tensor squares(3, 37), average = random_tensor(3, 37, random);
        squares.view().matrix() = random_tensor(3, 37, random).view().matrix().cwiseAbs();
        const Tensor old_weights = weights, old_velocity = velocity, old_squares = squares,
                     old_average = average;
        update_with(gradient.view(), k,
                    {weights.view(), has_velocity ? velocity.view() : TensorView(), squares.view(),
                     average.view()});
        for (Index r = 0; r < 3; ++r)
          for (Index c = 0; c < 37; ++c) {
            double w = old_weights(r, c), v = old_velocity(r, c), s = old_squares(r, c);
            const double g = kScale * gradient(r, c) + kDecay * w;
            if (rule == UpdateRule::kAdam) {
              v = kMomentum * v + (1 - kMomentum) * g;
              s = kBeta2 * s + (1 - kBeta2) * g * g;
              w = 0.75 * w - kRate * v / (2 * std::sqrt(s) + 0.125);
            } else {
              if (has_velocity) v = kMomentum * v + g;
              const bool looks_ahead = rule == UpdateRule::kNesterov && has_velocity;
              w -= kRate * (looks_ahead ? g + kMomentum * v : has_velocity ? v : g);
            }
            CHECK(weights(r, c) == Approx(w).margin(1e-6));
            CHECK(velocity(r, c) == Approx(v).margin(1e-6));
            CHECK(squares(r, c) == Approx(s).margin(1e-6));
            CHECK(average(r, c) == Approx(0.75 * old_average(r, c) + 0.25 * w).margin(1e-6));
          }
        CHECK(weights.row(0)[37] == 0);
      }
  });
}

TEST_CASE("to update weights with a gradient is to compute it and then update, bit by bit") {
  on_each_target([] {
    RandomStream random = test_random(7);
    const Tensor shift = random_tensor(1, 35, random), scale = random_tensor(1, 35, random);
    for (const Index samples : {1, 8, 64, 300, 1025})
      for (const UpdateRule rule : {UpdateRule::kSgd, UpdateRule::kNesterov, UpdateRule::kAdam})
        for (const bool is_normalized : {false, true})
          for (const bool of_bytes : {false, true}) {
            const UpdateCoefficients k = {.rule = rule,
                                          .learning_rate = 0.1F,
                                          .momentum = 0.9F,
                                          .weight_decay = 0.01F,
                                          .gradient_scale = 0.5F,
                                          .mean_share = 0.1F,
                                          .beta2 = 0.9F,
                                          .square_share = 0.1F,
                                          .epsilon = 1e-8F};
            const Tensor floats = random_tensor(samples, 35, random);
            const ByteTensor bytes = random_bytes(samples, 35, 0.5F, random);
            const InputView x = of_bytes ? InputView(bytes.view()) : InputView(floats.view());
            const Tensor dz = random_tensor(samples, 37, random);
            Tensor sums(1, 37), gradient(35, 37), squares(35, 37), average(35, 37);
            bias_gradient_sum(dz.view(), ChainStart::kZero, sums.view());
            LastLink link;
            if (is_normalized) link = {shift.row(0), scale.row(0), sums.row(0)};
            Tensor weights = random_tensor(35, 37, random);
            Tensor velocity = random_tensor(35, 37, random);
            Tensor expected_weights = weights, expected_velocity = velocity,
                   expected_squares = squares, expected_average = average;
            weight_gradient_product(x, dz.view(), ChainStart::kZero, gradient.view());
            end_chains(link, gradient.view());
            update_with(gradient.view(), k,
                        {expected_weights.view(), expected_velocity.view(), expected_squares.view(),
                         expected_average.view()});
            weight_gradient_update(
                x, dz.view(), link, k, gradient.view(),
                {weights.view(), velocity.view(), squares.view(), average.view()});
            check_equal(weights, expected_weights);
            check_equal(velocity, expected_velocity);
            check_equal(squares, expected_squares);
            check_equal(average, expected_average);
          }
  });
}

TEST_CASE("bytes become their 255th part") {
  on_each_target([] {
    std::vector<std::uint8_t> bytes(300);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    for (const Index count : {1, 7, 16, 17, 256, 300}) {
      std::vector<float> values(301, -1.0F);
      scale_bytes(bytes.data(), count, values.data());
      for (Index i = 0; i < count; ++i) {
        const auto n = static_cast<std::size_t>(i);
        CHECK(values[n] == static_cast<float>(bytes[n]) * (1.0F / 255.0F));
      }
      CHECK(values[static_cast<std::size_t>(count)] == -1.0F);
    }
  });
}

TEST_CASE("fused and unfused instruction sets are told apart") {
  on_each_target([] {
    const bool fused = link(1 + 0x1p-12F, 1 + 0x1p-12F, -(1 + 0x1p-11F)) != 0;
    CHECK(simd_target_is_fused() == fused);
  });
}
