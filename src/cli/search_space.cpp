#include "cli/search_space.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/app.h"
#include "cli/nearest.h"
#include "cli/recipe_options.h"
#include "core/elementary.h"
#include "core/fail.h"
#include "core/random.h"
#include "core/text.h"
#include "formats/bytes.h"
#include "formats/json_fields.h"
#include "system/input_file.h"
#include "train/recipe_json.h"

namespace trp {

/// A range of numbers as it is written.
struct NumberRange {
  double from = 0, to = 0;
  std::string unit = "one";
};

template <>
struct JsonFields<NumberRange> {
  static constexpr std::tuple kFields{JsonField{"from", &NumberRange::from},
                                      JsonField{"to", &NumberRange::to},
                                      JsonField{"unit", &NumberRange::unit}};
};

namespace {

/// Reads options that may be searched into a recipe.
struct OptionReader {
  Recipe recipe;
  std::unique_ptr<CLI::App> app = make_app();

  OptionReader() {
    add_training(*app, recipe);
    add_batch_size_and_validation(*app, recipe);
    add_image_changes(*app, recipe);
    for (const char* name : {"--epochs", "--seed", "--val-split"})  // the same for all trials
      app->remove_option(app->get_option(name));
  }

  void read(const std::string& option, const std::string& text) {
    parse(*app, {fmt::format("--{}={}", option, text)});
  }

  std::vector<std::string> options() const {
    std::vector<std::string> names;
    for (const CLI::Option* option :
         app->get_options([](const CLI::Option* any) { return any->get_configurable(); }))
      names.push_back(option->get_lnames()[0]);
    return names;
  }
};

void read_range(Dimension& dimension, OptionReader& reader) {
  NumberRange range;
  Json whole = value_to_json(range);
  whole.update(dimension.written);
  read_value(whole, range);
  dimension.from = range.from;
  dimension.to = range.to;
  dimension.is_in_suited_rates = range.unit == "suited";
  if (range.unit != "one" && !(dimension.is_in_suited_rates && dimension.option == "lr"))
    fail("unit: expected one, or suited for lr, found {}", in_quotes(range.unit));
  if (!(range.from >= 1e-30 && range.from < range.to && range.to <= 1e30))
    fail("expected a range from more than 0 to a higher number, found {}",
         json_text(dimension.written));
  for (const double end : {range.from, range.to})
    reader.read(dimension.option, fmt::format("{}", end));
  const Json value = to_json(reader.recipe).at(dimension.field);
  if (!value.is_number()) fail("expected a list of values, found {}", json_text(dimension.written));
  dimension.is_whole = value.is_number_integer();
}

Dimension read_dimension(const std::string& option, const Json& json, OptionReader& reader) {
  const std::vector<std::string> names = reader.options();
  if (std::ranges::count(names, option) == 0)
    fail("expected the name of an option that trials may differ in{}", suggestion(option, names));
  Dimension dimension = {.option = option, .field = option, .written = json};
  std::ranges::replace(dimension.field, '-', '_');
  if (!json.is_object() && (!json.is_array() || json.empty()))
    throw_unexpected_json("a list of values, or {\"from\": …, \"to\": …}", json);
  if (json.is_object()) {
    read_range(dimension, reader);
    return dimension;
  }
  for (const Json& one : json) {
    dimension.values.push_back(value_text(one));
    reader.read(option, dimension.values.back());
  }
  return dimension;
}

/// Two figures are as fine as a search can tell, and good to read.
std::string rounded_text(double value) { return fmt::format("{:.2g}", value); }

std::string draw(const Dimension& dimension, RandomStream& random) {
  const auto count = static_cast<std::uint32_t>(dimension.values.size());
  if (count > 0) return dimension.values[random.below(count)];
  const double logarithm = (random.uniform() - 1) * log_of_normal(dimension.to / dimension.from);
  const double number =
      dimension.to * static_cast<double>(exp_of_negative(static_cast<float>(logarithm)));
  if (dimension.is_whole) return fmt::format("{}", std::llround(number));
  return dimension.is_in_suited_rates ? fmt::format("{}", number) : rounded_text(number);
}

}  // namespace

std::vector<Dimension> parse_space(std::string_view text, const std::string& name) {
  constexpr int kMaxDepth = 3;
  std::vector<Dimension> space;
  OptionReader reader;
  const Json json = parse_json_object(text, kMaxDepth, {.name = name});
  for (const auto& item : json.items()) {
    try {
      space.push_back(read_dimension(item.key(), item.value(), reader));
    } catch (const Error& error) {
      fail_usage("{}: {}: {}", name, item.key(), error.what());
    }
  }
  if (space.empty()) fail_usage("{}: expected an option to search, found none", name);
  return space;
}

std::vector<Dimension> searched_space(const std::string& file,
                                      const std::vector<std::string>& searched,
                                      const std::vector<std::string>& given) {
  std::vector<Dimension> space =
      file.empty() ? parse_space(kDefaultSpace, "the default space")
                   : parse_space(text_of(InputFile(file).read_all("space")), file);
  std::vector<std::string> names;
  for (const Dimension& dimension : space) names.push_back(dimension.option);
  for (const std::string& option : searched)
    if (std::ranges::count(names, option) == 0)
      fail_usage("--search: expected options of the space, found {}{}", in_quotes(option),
                 suggestion(option, names));
  std::erase_if(space, [&](const Dimension& dimension) {
    return searched.empty() ? std::ranges::count(given, dimension.option) > 0
                            : std::ranges::count(searched, dimension.option) == 0;
  });
  if (space.empty()) fail_usage("expected an option to search, but all of them are given");
  return space;
}

double suited_rate(const Recipe& recipe) {
  constexpr double kRateWithoutMomentum = 0.5, kAdamRate = 0.001;
  return recipe.optimizer == OptimizerKind::kSgd ? kRateWithoutMomentum * (1 - recipe.momentum)
                                                 : kAdamRate;
}

Recipe sample_recipe(const std::vector<Dimension>& space, const Recipe& base, int trial) {
  OptionReader reader;
  Recipe& recipe = reader.recipe = base;
  if (trial > 0) {
    RandomStream random(base.seed, RandomPurpose::kSearch, 0, static_cast<std::uint32_t>(trial));
    for (const Dimension& dimension : space) reader.read(dimension.option, draw(dimension, random));
    const bool is_sgd = recipe.optimizer == OptimizerKind::kSgd;
    if (!is_sgd) recipe.momentum = base.momentum;
    if (!is_sgd || recipe.momentum == 0) recipe.nesterov = false;
    if (recipe.dropout.size() != recipe.hidden.size() && recipe.dropout.size() > 1)
      recipe.dropout = {recipe.dropout.front()};
    if (std::ranges::any_of(space, &Dimension::is_in_suited_rates))
      read_whole(rounded_text(recipe.learning_rate * suited_rate(recipe)), recipe.learning_rate);
  }
  complete_recipe(recipe);
  return recipe;
}

}  // namespace trp
