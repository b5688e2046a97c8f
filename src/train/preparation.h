#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/sampler.h"
#include "nn/loss.h"
#include "nn/optimizer.h"
#include "trp/dataset.h"
#include "trp/recipe.h"
#include "trp/train_state.h"

namespace trp {

// What follows from a recipe and the samples.

/// Returns the data set. Throws std::invalid_argument unless every label is the number of a class.
const Dataset& checked(const Dataset& dataset, const Recipe& recipe);

/// Throws UsageError unless there are samples to train on, and to validate with if asked for.
Sampler divide_samples(const Recipe& recipe, const Dataset& train);

OptimizerOptions optimizer_options(const Recipe& recipe);

/// Returns the dropout rate of each hidden layer; nothing if nothing is dropped.
std::vector<double> dropout_rates(const Recipe& recipe);

/// Returns the weight of each class, 0 for one that has no sample; nothing if all are 1.
std::vector<float> class_weights(const Recipe& recipe, const Dataset& train,
                                 const Sampler& sampler);

/// Returns the form of the loss of a batch of these samples; it refers to the weights.
LossForm loss_form(const Recipe& recipe, const std::vector<float>& class_weights,
                   const Dataset& train, std::span<const std::uint32_t> samples);

/// Returns the state before the next step: that which is resumed, if it has been trained; else that
/// of the network that it has, with the same outputs if inputs are to be normalized; or else of a
/// new network. Throws Error if it is not one of such a training.
TrainState first_state(const Recipe& recipe, const Dataset& train, const Sampler& sampler,
                       std::int64_t steps_per_epoch, std::optional<TrainState> resumed);

}  // namespace trp
