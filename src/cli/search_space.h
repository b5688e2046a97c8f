#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/strict_json.h"
#include "trp/recipe.h"

namespace trp {

/// What is searched unless there is --space FILE, in the same form: an object that has, by the
/// names of options, lists of values or ranges of numbers. In units of suited rates a learning rate
/// fits optimizer and momentum.
inline constexpr std::string_view kDefaultSpace = R"({
  "optimizer": ["sgd", "sgd", "adamw"],
  "momentum": [0, 0, 0.8, 0.9],
  "lr": {"from": 0.1, "to": 8, "unit": "suited"},
  "batch-size": [32, 64, 96, 128],
  "hidden": ["128,64", "256", "256,128", "512"],
  "normalize": ["none", "center"],
  "label-smoothing": [0, 0.04, 0.08],
  "weight-decay": [0, 0, 1e-5, 1e-4, 1e-3],
  "dropout": ["none", "none", 0.1, 0.2]
})";

/// What a search tries for an option: one of `values`, all equally likely, or if there are none, a
/// number of two figures whose logarithm is uniform.
struct Dimension {
  std::string option, field;             // on the command line, and in a recipe's JSON
  Json written = {};                     // as in a space
  std::vector<std::string> values = {};  // as on the command line
  double from = 0, to = 0;
  bool is_whole = false;
  bool is_in_suited_rates = false;
};

/// Reads such an object; `name` is for messages. Throws UsageError if it is none, an option is
/// unknown or cannot be searched, or a value is not one that the option takes.
std::vector<Dimension> parse_space(std::string_view text, const std::string& name);

/// Returns what is searched of the space of a file, or of the default one if it has no name: the
/// options in `searched`, or if that is empty all that are not given. Throws UsageError, too, if
/// there are none, or others.
std::vector<Dimension> searched_space(const std::string& file,
                                      const std::vector<std::string>& searched,
                                      const std::vector<std::string>& given);

/// A learning rate that mostly does for the recipe's optimizer: 0.5 · (1 − momentum) of SGD, so
/// that momentum does not change how far a gradient moves the weights in the end, 0.001 of the
/// others.
double suited_rate(const Recipe& recipe);

/// Returns the recipe that a trial tries: `base` in trial 0, in the others with a value drawn for
/// each dimension, a function of base.seed and the trial's number. Momentum stays as in `base`
/// where another optimizer than SGD is drawn, and of values that contradict one another one gives
/// way: Nesterov to a momentum of 0, rates of dropout to the number of layers.
Recipe sample_recipe(const std::vector<Dimension>& space, const Recipe& base, int trial);

}  // namespace trp
