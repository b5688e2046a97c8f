#include "strategy/strategy.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "catch.h"
#include "data/sampler.h"
#include "data/synthetic.h"
#include "nn/reference.h"
#include "strategy/all_plans.h"

using namespace trp;

namespace {

struct Outcome {
  Mlp mlp;
  double loss_sum = 0;
  Index correct_count = 0;
};

/// Two epochs over the data, the last batch of each usually smaller.
Outcome train_steps(const Dataset& dataset, const std::vector<Index>& sizes, Index batch_size,
                    const OptimizerOptions& optimizer_options, const Plan& options, int workers,
                    BatchElements elements = BatchElements::kFloats) {
  Outcome outcome{make_mlp(sizes, 1)};
  Optimizer optimizer(outcome.mlp, optimizer_options);
  ThreadPool pool(workers, workers);
  const auto strategy =
      make_strategy(options, outcome.mlp, optimizer, {batch_size, elements}, pool);
  const Sampler sampler = make_sampler(dataset.sample_count, 0, 1, true);
  std::vector<std::uint32_t> order;
  for (int epoch = 1; epoch <= 2; ++epoch) {
    epoch_order(sampler, epoch, order);
    for (Index done = 0; done < dataset.sample_count; done += batch_size) {
      const Index count = std::min(batch_size, dataset.sample_count - done);
      const std::span samples =
          std::span(order).subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(count));
      const StepResult result = strategy->step({dataset, samples, {0.05F}}, optimizer, outcome.mlp);
      outcome.loss_sum += result.loss_sum;
      outcome.correct_count += result.correct_count;
    }
    strategy->settle(optimizer, outcome.mlp);
  }
  return outcome;
}

}  // namespace

TEST_CASE("every strategy returns the same loss, hits and weights from each step") {
  const Dataset dataset = synthetic_dataset(70, 50, 10, 1);
  const std::vector<Index> sizes = {50, 40, 20, 10};
  for (const Index batch_size : {1, 32, 70}) {
    const Outcome expected = train_steps(dataset, sizes, batch_size, {}, kSameBitPlans[0].plan, 1);
    for (const NamedPlan& named : kSameBitPlans)
      for (const int workers : {1, 2, 5}) {
        INFO(named.name << ", " << workers << " workers, batch " << batch_size);
        for (const BatchElements elements : {BatchElements::kFloats, BatchElements::kBytes}) {
          const Outcome outcome =
              train_steps(dataset, sizes, batch_size, {}, named.plan, workers, elements);
          CHECK(weights_digest(outcome.mlp) == weights_digest(expected.mlp));
          CHECK(outcome.loss_sum == expected.loss_sum);
          CHECK(outcome.correct_count == expected.correct_count);
        }
      }
  }
}

TEST_CASE("the arrival merge is the same sum but for rounding") {
  const Dataset dataset = synthetic_dataset(200, 50, 10, 1);
  const std::vector<Index> sizes = {50, 40, 10};
  const OptimizerOptions options = {.momentum = 0.9F, .weight_decay = 0.01F, .clip_norm = 0.5F};
  const Mlp expected = train_steps(dataset, sizes, 64, options, kSameBitPlans[0].plan, 1).mlp;
  for (const int workers : {1, 2, 5, 8}) {
    const Mlp mlp = train_steps(dataset, sizes, 64, options, kArrivalPlan.plan, workers).mlp;
    for (std::size_t l = 0; l < mlp.layers.size(); ++l)
      CHECK((mlp.layers[l].weight.view().matrix() - expected.layers[l].weight.view().matrix())
                .cwiseAbs()
                .maxCoeff() < 1e-4);
  }
}

TEST_CASE("a step is that of the mean gradient in double precision, also for a smaller batch") {
  const Dataset dataset = synthetic_dataset(20, 30, 4, 1);
  const std::vector<Index> sizes = {30, 12, 4};
  Eigen::MatrixXd input(20, 30);
  for (Index i = 0; i < 20; ++i)
    for (Index f = 0; f < 30; ++f)
      input(i, f) = dataset.bytes[static_cast<std::size_t>(i * 30 + f)] / 255.0;
  std::vector<std::uint32_t> samples(20);
  for (std::uint32_t i = 0; i < 20; ++i) samples[i] = i;

  for (const NamedPlan& named : kAllPlans) {
    INFO(named.name);
    Mlp mlp = make_mlp(sizes, 1);
    const ReferenceMlp before(mlp);
    const ReferenceMlp gradient = before.gradient(input, dataset.labels);
    Optimizer optimizer(mlp, {});
    ThreadPool pool(3, 3);
    const auto strategy = make_strategy(named.plan, mlp, optimizer, {64}, pool);
    const StepResult result = strategy->step({dataset, samples, {0.5F}}, optimizer, mlp);
    strategy->settle(optimizer, mlp);
    CHECK(result.loss_sum / 20 == Approx(before.loss(input, dataset.labels)).epsilon(1e-5));
    for (std::size_t l = 0; l < 2; ++l) {
      const Eigen::MatrixXd expected = before.weights[l] - 0.5 * gradient.weights[l];
      CHECK((mlp.layers[l].weight.view().matrix().cast<double>() - expected).cwiseAbs().maxCoeff() <
            1e-6);
    }
  }
}

TEST_CASE("wide layers in the middle are divided to the same bits") {
  const Dataset dataset = synthetic_dataset(40, 50, 10, 1);
  const Plan tensor = {.strategy = StrategyKind::kTensor};
  const std::vector<std::vector<Index>> networks = {
      {50, 300, 260, 280, 10}, {50, 40, 260, 280, 10}, {50, 8, 20, 4000}};
  for (const std::vector<Index>& sizes : networks)
    for (const float clip_norm : {0.0F, 0.1F}) {
      const OptimizerOptions options = {
          .momentum = 0.9F, .weight_decay = 0.01F, .clip_norm = clip_norm};
      const Outcome expected = train_steps(dataset, sizes, 17, options, kSameBitPlans[0].plan, 1);
      for (const int workers : {2, 3, 8}) {
        INFO(workers << " workers, clip norm " << clip_norm);
        const Outcome outcome =
            train_steps(dataset, sizes, 17, options, tensor, workers, BatchElements::kBytes);
        CHECK(outcome.loss_sum == expected.loss_sum);
        CHECK(weights_digest(outcome.mlp) == weights_digest(expected.mlp));
      }
    }
}

TEST_CASE("steps after settle() go on from what is there") {
  const Dataset dataset = synthetic_dataset(32, 50, 10, 1);
  std::vector<std::uint32_t> samples(32);
  std::iota(samples.begin(), samples.end(), 0);
  ThreadPool pool(2, 2);
  std::vector<std::string> digests;
  for (const StrategyKind kind : {StrategyKind::kSequential, StrategyKind::kTensor}) {
    Mlp mlp = make_mlp(std::vector<Index>{50, 40, 20, 10}, 1);
    Optimizer optimizer(mlp, {.momentum = 0.9F, .weight_decay = 0, .clip_norm = 0});
    const auto strategy = make_strategy({.strategy = kind}, mlp, optimizer, {32}, pool);
    const auto make_step = [&] {
      strategy->step({dataset, samples, {0.1F}}, optimizer, mlp);
      strategy->settle(optimizer, mlp);
    };
    make_step();
    for (Layer& layer : mlp.layers) layer.weight.view().matrix() *= 0.5F;
    transpose_weights(mlp);
    optimizer.state().velocity.layers[1].bias.view().matrix() *= 2.0F;
    make_step();
    digests.push_back(weights_digest(mlp));
  }
  CHECK(digests[0] == digests[1]);
}

TEST_CASE("clipping limits the length of a step") {
  const Dataset dataset = synthetic_dataset(64, 30, 4, 1);
  std::vector<std::uint32_t> samples(64);
  for (std::uint32_t i = 0; i < 64; ++i) samples[i] = i;
  for (const NamedPlan& named : kSameBitPlans) {
    Mlp mlp = make_mlp(std::vector<Index>{30, 12, 4}, 1);
    const ReferenceMlp before(mlp);
    Optimizer optimizer(mlp, {.momentum = 0, .weight_decay = 0, .clip_norm = 0.01F});
    ThreadPool pool(2, 2);
    const auto strategy = make_strategy(named.plan, mlp, optimizer, {64}, pool);
    strategy->step({dataset, samples, 1.0F}, optimizer, mlp);
    strategy->settle(optimizer, mlp);
    const ReferenceMlp after(mlp);
    double squares = 0;
    for (std::size_t l = 0; l < 2; ++l)
      squares += (after.weights[l] - before.weights[l]).squaredNorm() +
                 (after.biases[l] - before.biases[l]).squaredNorm();
    CHECK(std::sqrt(squares) == Approx(0.01).epsilon(1e-3));
  }
}

TEST_CASE("a NaN in any parameter shows in the loss of the same step") {
  Dataset dataset = synthetic_dataset(32, 30, 4, 1);
  dataset.bytes[29] = 1;  // not zero where the weight below is not finite
  std::vector<std::uint32_t> samples(32);
  for (std::uint32_t i = 0; i < 32; ++i) samples[i] = i;
  ThreadPool pool(2, 2);
  for (const NamedPlan& named : kSameBitPlans)
    for (std::size_t l = 0; l < 3; ++l)
      for (const bool in_bias : {false, true}) {
        for (const BatchElements elements : {BatchElements::kFloats, BatchElements::kBytes}) {
          INFO(named.name << ", layer " << l << (in_bias ? ", bias" : ", weight"));
          Mlp mlp = make_mlp(std::vector<Index>{30, 12, 8, 4}, 1);
          Tensor& tensor = in_bias ? mlp.layers[l].bias : mlp.layers[l].weight;
          tensor(tensor.rows() - 1, tensor.cols() - 1) = std::numeric_limits<float>::quiet_NaN();
          Optimizer optimizer(mlp, {});
          const auto strategy = make_strategy(named.plan, mlp, optimizer, {32, elements}, pool);
          CHECK_FALSE(
              std::isfinite(strategy->step({dataset, samples, {0.1F}}, optimizer, mlp).loss_sum));
        }
      }
}
