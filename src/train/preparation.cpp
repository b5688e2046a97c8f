#include "train/preparation.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "data/dataset.h"
#include "nn/mlp.h"
#include "train/network.h"

namespace trp {
namespace {

InputNormalization normalization_for(const Recipe& recipe, const Dataset& train,
                                     const Sampler& sampler) {
  if (recipe.normalization == Normalization::kNone) return {};
  const FeatureStatistics statistics = feature_statistics(train, sampler.train);
  const Index features = train.feature_count;
  InputNormalization normalization{.shift = Tensor(1, features), .scale = {}};
  if (recipe.normalization == Normalization::kStandard) normalization.scale = Tensor(1, features);
  for (Index i = 0; i < features; ++i) {
    const auto feature = static_cast<std::size_t>(i);
    normalization.shift(0, i) = static_cast<float>(-statistics.mean[feature]);
    const double deviation = statistics.deviation[feature];
    if (normalization.scale.cols() > 0)
      normalization.scale(0, i) = deviation > 0 ? static_cast<float>(1 / deviation) : 1.0F;
  }
  return normalization;
}

/// Changes the first layer so that it makes of normalized inputs what it made of them as they are.
void unfold(const InputNormalization& normalization, Layer& first) {
  for (Index o = 0; o < first.weight.cols(); ++o) {
    double bias = first.bias(0, o);
    for (Index i = 0; i < first.weight.rows(); ++i) {
      bias -= double{normalization.shift(0, i)} * double{first.weight(i, o)};
      if (normalization.scale.cols() > 0) first.weight(i, o) /= normalization.scale(0, i);
    }
    first.bias(0, o) = static_cast<float>(bias);
  }
}

/// Throws Error unless a training of the recipe, with layers of these sizes and epochs of this many
/// steps, may have been in such a state.
void check_resumable(const TrainState& state, const Recipe& recipe, std::span<const Index> sizes,
                     std::int64_t steps_per_epoch) {
  const auto check = [](bool fits, std::string_view what, std::int64_t expected,
                        std::int64_t found) {
    if (!fits) {
      fail("the training to resume: expected {} {}, found {}", what, expected, found);
    }
  };
  const std::vector<Index> found = layer_sizes(state.mlp);
  if (!std::ranges::equal(found, sizes)) {
    fail("the training to resume: expected layers of {}, found {}", fmt::join(sizes, " → "),
         fmt::join(found, " → "));
  }
  const bool is_adam = recipe.optimizer != OptimizerKind::kSgd;
  const bool has_part[] = {is_adam || recipe.momentum != 0, is_adam, recipe.average_weights > 0};
  for (std::size_t i = 0; i < kOptimizerStateParts.size() && is_begun(state); ++i) {
    const auto& [name, part] = kOptimizerStateParts[i];
    const auto expected = has_part[i] ? std::ssize(state.mlp.layers) : 0;
    const auto layers = std::ssize((state.optimizer.*part).layers);
    check(layers == expected, fmt::format("layers with {}:", name), expected, layers);
  }
  const bool is_normalized = is_begun(state) && recipe.normalization != Normalization::kNone;
  const Index shifts = state.mlp.normalization.shift.cols();
  check(shifts == (is_normalized ? sizes[0] : 0), "shifts of inputs:", is_normalized ? sizes[0] : 0,
        shifts);
  check(state.progress.batch <= steps_per_epoch, "steps of the epoch in hand: at most",
        steps_per_epoch, state.progress.batch);
  const auto done = static_cast<int>(state.epochs.size());
  check(done <= recipe.epochs, "finished epochs: at most", recipe.epochs, done);
  const bool has_best = recipe.early_stopping > 0 && done > 0;
  check((state.best_epoch > 0) == has_best && state.best_epoch <= done, "a best epoch among",
        has_best ? done : 0, state.best_epoch);
}

}  // namespace

const Dataset& checked(const Dataset& dataset, const Recipe& recipe) {
  if (std::ranges::any_of(dataset.labels, [&](int label) { return label >= recipe.class_count; }))
    throw std::invalid_argument("Trainer: expected labels below the recipe's class_count");
  return dataset;
}

Sampler divide_samples(const Recipe& recipe, const Dataset& train) {
  const Index count =
      recipe.limit > 0 ? std::min(recipe.limit, train.sample_count) : train.sample_count;
  Sampler sampler = make_sampler(count, recipe.validation_share, recipe.seed, recipe.shuffle);
  const bool validates = recipe.validation_share > 0;
  if (sampler.train.empty() || (validates && sampler.validation.empty())) {
    fail_usage(
        "a validation share of {}: of {} samples, {} are left for training and {} for validation; "
        "expected at least one each",
        recipe.validation_share, count, sampler.train.size(), sampler.validation.size());
  }
  return sampler;
}

OptimizerOptions optimizer_options(const Recipe& recipe) {
  return {.kind = recipe.optimizer,
          .momentum = static_cast<float>(recipe.momentum),
          .nesterov = recipe.nesterov,
          .beta1 = recipe.beta1,
          .beta2 = recipe.beta2,
          .epsilon = recipe.epsilon,
          .weight_decay = recipe.weight_decay,
          .clip_norm = static_cast<float>(recipe.clip_norm),
          .average_weights = recipe.average_weights};
}

std::vector<double> dropout_rates(const Recipe& recipe) {
  std::vector<double> rates = recipe.dropout;
  if (rates.size() == 1) rates.assign(recipe.hidden.size(), rates[0]);
  if (std::ranges::all_of(rates, [](double rate) { return rate == 0; })) rates.clear();
  return rates;
}

std::vector<float> class_weights(const Recipe& recipe, const Dataset& train,
                                 const Sampler& sampler) {
  if (recipe.class_weights == ClassWeights::kNone) return {};
  std::array<double, kMaxClasses> counts = {};
  for (const std::uint32_t sample : sampler.train) ++counts[train.labels[sample]];
  std::vector<float> weights(static_cast<std::size_t>(recipe.class_count));
  const auto classes =
      static_cast<double>(kMaxClasses - std::ranges::count(counts, 0.0));  // that have samples
  const double mean = static_cast<double>(sampler.train.size()) / classes;
  for (std::size_t c = 0; c < weights.size(); ++c)
    if (counts[c] > 0) weights[c] = static_cast<float>(mean / counts[c]);
  return weights;
}

LossForm loss_form(const Recipe& recipe, const std::vector<float>& class_weights,
                   const Dataset& train, std::span<const std::uint32_t> samples) {
  LossForm form = {.smoothing = static_cast<float>(recipe.label_smoothing),
                   .class_weights = class_weights};
  if (class_weights.empty()) return form;
  form.divisor = 0;
  for (const std::uint32_t sample : samples) form.divisor += class_weights[train.labels[sample]];
  form.loss_scale = static_cast<double>(samples.size()) / form.divisor;
  return form;
}

TrainState first_state(const Recipe& recipe, const Dataset& train, const Sampler& sampler,
                       std::int64_t steps_per_epoch, std::optional<TrainState> resumed) {
  const std::vector<Index> sizes = network_sizes(recipe, train);
  if (resumed) check_resumable(*resumed, recipe, sizes, steps_per_epoch);
  if (resumed && is_begun(*resumed)) {
    fold(resumed->mlp);
    return std::move(*resumed);
  }
  InputNormalization normalization = normalization_for(recipe, train, sampler);
  TrainState state{.mlp = resumed ? std::move(resumed->mlp) : make_network(recipe, train)};
  if (normalization.shift.cols() == 0) return state;
  if (resumed) unfold(normalization, state.mlp.layers[0]);
  set_normalization(std::move(normalization), state.mlp);
  return state;
}

}  // namespace trp
