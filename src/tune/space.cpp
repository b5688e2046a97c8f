#include "tune/space.h"

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/elementary.h"
#include "core/random.h"
#include "train/recipe_json.h"

namespace trp {
namespace {

constexpr double kRateWithoutMomentum = 0.5;
constexpr double kAdamRate = 0.001;

/// Two figures are as fine as a search can tell, and good to read.
double rounded(double value) {
  const std::string text = fmt::format("{:.2g}", value);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double draw_number(const Dimension& dimension, RandomStream& random) {
  const double share = random.uniform();
  const auto& [from, to] = std::pair(dimension.from, dimension.to);
  if (!dimension.is_log) return from + share * (to - from);
  const double logarithm = (share - 1) * log_of_normal(to / from);
  return to * static_cast<double>(exp_of_negative(static_cast<float>(logarithm)));
}

Json draw(const Dimension& dimension, RandomStream& random) {
  const auto count = static_cast<std::uint32_t>(dimension.values.size());
  if (count > 0) return dimension.values[random.below(count)];
  const double number = draw_number(dimension, random);
  if (dimension.is_whole) return static_cast<std::int64_t>(std::llround(number));
  return dimension.is_in_suited_rates ? number : rounded(number);
}

}  // namespace

double suited_rate(const Recipe& recipe) {
  if (recipe.optimizer != OptimizerKind::kSgd) return kAdamRate;
  return kRateWithoutMomentum * (1 - recipe.momentum);
}

Recipe sample_recipe(const Space& space, const Recipe& base, int trial) {
  if (trial == 0) return base;
  RandomStream random(base.seed, RandomPurpose::kSearch, 0, static_cast<std::uint32_t>(trial));
  Json fields = to_json(base);
  bool is_in_suited_rates = false;
  for (const Dimension& dimension : space) {
    fields[dimension.field] = draw(dimension, random);
    is_in_suited_rates = is_in_suited_rates || dimension.is_in_suited_rates;
  }
  Recipe recipe = recipe_from_json(fields);
  const bool is_sgd = recipe.optimizer == OptimizerKind::kSgd;
  if (!is_sgd) recipe.momentum = base.momentum;
  if (!is_sgd || recipe.momentum == 0) recipe.nesterov = false;
  if (recipe.dropout.size() != recipe.hidden.size() && recipe.dropout.size() > 1)
    recipe.dropout.erase(recipe.dropout.begin() + 1, recipe.dropout.end());
  if (is_in_suited_rates)
    recipe.learning_rate = rounded(recipe.learning_rate * suited_rate(recipe));
  return recipe;
}

}  // namespace trp
