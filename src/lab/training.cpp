#include "lab/training.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "data/sampler.h"
#include "train/network.h"

namespace trp {
namespace {

constexpr Index kBatchSize = 64;
constexpr double kTolerance = 1e-3;  // of the norm
constexpr int kCheckedSteps = 10;

/// The batch of the first step, as floats.
Batch first_batch(const Recipe& recipe, const Dataset& dataset) {
  std::vector<std::uint32_t> order;
  const Sampler sampler = make_sampler(recipe.limit > 0 ? recipe.limit : dataset.sample_count, 0,
                                       recipe.seed, recipe.shuffle);
  epoch_order(sampler, 1, order);
  const Index size = std::min(recipe.batch_size, static_cast<Index>(order.size()));
  Batch batch({size}, dataset.feature_count);
  gather(dataset, order, {0, size}, batch, {recipe.augment, recipe.seed, 1});
  return batch;
}

}  // namespace

Recipe lab_recipe(const LabContext& context) {
  const Dataset& train = context.data.train;
  Recipe recipe;
  recipe.class_count = *std::ranges::max_element(train.labels) + 1;
  recipe.limit = train.sample_count / kBatchSize * kBatchSize;
  recipe.shuffle = false;
  recipe.epochs = std::numeric_limits<int>::max();
  recipe.batch_size = kBatchSize;
  recipe.learning_rate = 0.1;
  recipe.learning_rate_schedule = LearningRateScheduleKind::kConstant;
  recipe.momentum = 0;
  recipe.seed = context.seed;
  return recipe;
}

Mlp make_lab_network(const LabContext& context) {
  return make_network(lab_recipe(context), context.data.train);
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

ForwardPass::ForwardPass(Lab& lab, Index batch_size)
    : mlp(make_lab_network(lab.context)),
      batch(first_samples(lab.context, batch_size)),
      activations(make_activations(mlp, batch_size)) {
  lab.reset = [this] { activations = make_activations(mlp, batch.floats.rows()); };
  lab.is_right = [this, expected = ReferenceMlp(mlp).outputs(in_double(batch.floats)).back()] {
    return (in_double(activations.outputs.back()) - expected).norm() <=
           kTolerance * expected.norm();
  };
}

bool is_gradient(const ReferenceMlp& found, const Mlp& mlp, const Batch& batch) {
  const ReferenceMlp exact = ReferenceMlp(mlp).gradient(in_double(batch.floats), batch.labels);
  return relative_difference(found, exact) <= kTolerance;
}

bool trains_right(const LabContext& context, const Recipe& recipe, const Plan& plan,
                  ThreadPool& pool) {
  const Dataset& dataset = context.data.train;
  Trainer trainer(recipe, plan, dataset, pool);
  Trainer sequential(recipe, {.strategy = StrategyKind::kSequential}, dataset, pool);
  const Mlp before = trainer.state().mlp;
  trainer.step();
  const ReferenceMlp after(trainer.state().mlp);
  ReferenceMlp step(before);
  for (std::size_t l = 0; l < step.weights.size(); ++l) {
    step.weights[l] = (step.weights[l] - after.weights[l]) / recipe.learning_rate;
    step.biases[l] = (step.biases[l] - after.biases[l]) / recipe.learning_rate;
  }
  const bool right = is_gradient(step, before, first_batch(recipe, dataset));
  for (int made = 1; made < kCheckedSteps; ++made) trainer.step();
  for (int made = 0; made < kCheckedSteps; ++made) sequential.step();
  return right && weights_digest(trainer.state().mlp) == weights_digest(sequential.state().mlp);
}

std::shared_ptr<Trainer> add_training(Lab& lab, const std::string& name, const Plan& plan,
                                      int workers) {
  const Recipe recipe = lab_recipe(lab.context);
  ThreadPool& pool = lab.pool(workers);
  lab.race.correct &= trains_right(lab.context, recipe, plan, pool);
  auto trainer = std::make_shared<Trainer>(recipe, plan, lab.context.data.train, pool);
  lab.amount =
      1e-3 * static_cast<double>(std::min(recipe.batch_size, trainer->start().train_samples));
  lab.add(name, workers, [trainer] { trainer->step(); });
  return trainer;
}

}  // namespace trp
