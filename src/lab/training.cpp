#include "lab/training.h"

#include <algorithm>

namespace trp {
namespace {

constexpr float kLearningRate = 0.1F;
constexpr double kTolerance = 1e-3;  // of the norm

Eigen::MatrixXd input_of(const Batch& batch) { return batch.floats.view().matrix().cast<double>(); }

bool close(const Eigen::MatrixXd& found, const Eigen::MatrixXd& expected) {
  return (found - expected).norm() <= kTolerance * expected.norm();
}

}  // namespace

Mlp make_lab_network(const LabContext& context) {
  const auto& labels = context.data.train.labels;
  const Index classes = *std::ranges::max_element(labels) + Index{1};
  return make_mlp(std::vector<Index>{context.data.train.feature_count, 128, 64, classes},
                  context.seed);
}

Batch first_samples(const LabContext& context, Index count) {
  const Dataset& dataset = context.data.train;
  std::vector<std::uint32_t> samples(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::uint32_t>(i % static_cast<std::size_t>(dataset.sample_count));
  Batch batch({count}, dataset.feature_count);
  gather(dataset, samples, {0, count}, batch);
  return batch;
}

ExpectedOutputs::ExpectedOutputs(const Mlp& mlp, const Batch& batch)
    : outputs_(ReferenceMlp(mlp).outputs(input_of(batch)).back()) {}

bool ExpectedOutputs::match(const Tensor& outputs) const {
  return close(outputs.view().matrix().cast<double>(), outputs_);
}

ExpectedGradient::ExpectedGradient(const Mlp& mlp, const Batch& batch)
    : gradient_(ReferenceMlp(mlp).gradient(input_of(batch), batch.labels)) {}

bool ExpectedGradient::matches(const Gradient& gradient) const {
  bool match = true;
  for (std::size_t l = 0; l < gradient.layers.size(); ++l) {
    const Gradient::OfLayer& layer = gradient.layers[l];
    match &= close(layer.weight.view().matrix().cast<double>(), gradient_.weights[l]);
    match &= close(layer.bias.view().matrix().cast<double>(), gradient_.biases[l]);
  }
  return match;
}

TrainingSteps::TrainingSteps(const LabContext& context, const Plan& options, ThreadPool& pool)
    : dataset_(context.data.train),
      mlp_(make_lab_network(context)),
      optimizer_(mlp_, {}),
      strategy_(make_strategy(options, mlp_, optimizer_, {kBatchSize}, pool)),
      samples_(static_cast<std::size_t>(kBatchSize)) {}

void TrainingSteps::step() { step_with(nullptr); }

void TrainingSteps::step_on(const Batch& batch) { step_with(&batch); }

void TrainingSteps::step_with(const Batch* batch) {
  const auto count = static_cast<std::uint32_t>(dataset_.sample_count);
  for (std::uint32_t& sample : samples_) {
    sample = next_sample_;
    next_sample_ = (next_sample_ + 1) % count;
  }
  strategy_->step(
      {.dataset = dataset_, .samples = samples_, .learning_rate = kLearningRate, .batch = batch},
      optimizer_, mlp_);
}

ExpectedStep::ExpectedStep(const LabContext& context)
    : context_(context), gradient_(make_lab_network(context)) {
  const Batch batch = first_samples(context, TrainingSteps::kBatchSize);
  gradient_ = gradient_.gradient(input_of(batch), batch.labels);
}

bool ExpectedStep::is_made_by(const Plan& options, ThreadPool& pool) const {
  TrainingSteps training(context_, options, pool);
  const ReferenceMlp before(training.mlp());
  training.step();
  const ReferenceMlp after(training.mlp());
  bool right = true;
  for (std::size_t l = 0; l < before.weights.size(); ++l) {
    right &= close((before.weights[l] - after.weights[l]) / kLearningRate, gradient_.weights[l]);
    right &= close((before.biases[l] - after.biases[l]) / kLearningRate, gradient_.biases[l]);
  }
  return right;
}

}  // namespace trp
