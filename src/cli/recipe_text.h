#pragma once

#include <string>
#include <vector>

#include "trp/dataset.h"
#include "trp/recipe.h"
#include "tune/search.h"

namespace trp {

// Recipes as those who train by them write them.

/// The options of a recipe that differ from the defaults, as arguments: {"--lr", "0.1",
/// "--nesterov"}.
std::vector<std::string> recipe_arguments(const Recipe& recipe);

/// The options in which a recipe differs from another, as on the command line: "--lr 0.05
/// --nesterov"; the learning rate, too, if the optimizer differs.
std::string options_text(const Recipe& recipe, const Recipe& base = {});

/// The command that trains the recipe on these data.
std::string train_command(const DataOptions& data, const Recipe& recipe);

/// A configuration file of the recipe, which begins with kConfigStart and what it was found by.
std::string config_text(const Recipe& recipe, const TrialResult& best);

}  // namespace trp
