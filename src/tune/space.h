#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/strict_json.h"
#include "trp/recipe.h"

namespace trp {

/// The values that a search tries for one field of a recipe, as in its JSON: one of `values`, all
/// equally likely, or if there are none, a number from `from` to `to` of two figures, whose
/// logarithm is uniform if `is_log`. A learning rate may be in units of suited_rate().
struct Dimension {
  std::string field = {};
  std::vector<Json> values = {};
  double from = 0;
  double to = 0;
  bool is_log = false;
  bool is_whole = false;
  bool is_in_suited_rates = false;
};

using Space = std::vector<Dimension>;

/// A learning rate that mostly does for the recipe's optimizer: 0.5 · (1 − momentum) of SGD, so
/// that momentum does not change how far a gradient moves the weights in the end, 0.001 of the
/// others.
double suited_rate(const Recipe& recipe);

/// Returns the recipe that a trial tries: `base` in trial 0, in the others with a value drawn for
/// each dimension, a function of base.seed and the trial's number. Momentum stays as in `base`
/// where another optimizer than SGD is drawn, and of values that contradict one another one gives
/// way: Nesterov to a momentum of 0, rates of dropout to the number of layers.
Recipe sample_recipe(const Space& space, const Recipe& base, int trial);

}  // namespace trp
