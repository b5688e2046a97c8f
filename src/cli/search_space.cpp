#include "cli/search_space.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/app.h"
#include "cli/nearest.h"
#include "cli/recipe_options.h"
#include "core/fail.h"
#include "core/text.h"
#include "formats/json_fields.h"
#include "train/recipe_json.h"

namespace trp {
namespace {

/// A range of numbers as it is written.
struct NumberRange {
  double from = 0, to = 0;
  std::string scale = "linear", unit = "one";
};

}  // namespace

template <>
struct JsonFields<NumberRange> {
  static constexpr std::tuple kFields{
      JsonField{"from", &NumberRange::from}, JsonField{"to", &NumberRange::to},
      JsonField{"scale", &NumberRange::scale}, JsonField{"unit", &NumberRange::unit}};
};

namespace {

constexpr int kMaxDepth = 3;
constexpr std::array kFixed = {"epochs", "seed", "val-split"};  // the same for all trials

/// The options that may be searched.
std::unique_ptr<CLI::App> make_scratch_app(Recipe& recipe) {
  auto app = make_app();
  add_training(*app, recipe);
  add_batch_size_and_validation(*app, recipe);
  add_image_changes(*app, recipe);
  for (const char* name : kFixed) app->remove_option(app->get_option(fmt::format("--{}", name)));
  return app;
}

/// Returns the field that an option sets and the value that it gets from this text.
std::pair<std::string, Json> read_option(const std::string& option, const std::string& text) {
  Recipe recipe;
  const auto app = make_scratch_app(recipe);
  parse(*app, {fmt::format("--{}={}", option, text)});
  complete_recipe(recipe);
  std::string field = option;
  std::ranges::replace(field, '-', '_');
  return {field, to_json(recipe)[field]};
}

Dimension read_range(const std::string& option, const Json& json) {
  NumberRange range;
  Json whole = value_to_json(range);
  whole.update(json);
  read_value(whole, range);
  Dimension dimension = {.from = range.from,
                         .to = range.to,
                         .is_log = range.scale == "log",
                         .is_in_suited_rates = range.unit == "suited"};
  if (!dimension.is_log && range.scale != "linear")
    fail("scale: expected linear or log, found {}", in_quotes(range.scale));
  if (range.unit != "one" && !(dimension.is_in_suited_rates && option == "lr"))
    fail("unit: expected one, or suited for lr, found {}", in_quotes(range.unit));
  const double lowest = dimension.is_log || dimension.is_in_suited_rates ? 1e-30 : 0;
  if (!(range.from >= lowest && range.from < range.to && range.to <= 1e30))
    fail("expected a range from {} or more to a higher number, found {}", lowest, json_text(json));
  for (const double end : {range.from, range.to}) {
    const auto [field, value] = read_option(option, fmt::format("{}", end));
    if (!value.is_number()) fail("expected a list of values, found {}", json_text(json));
    dimension.field = field;
    dimension.is_whole = value.is_number_integer();
  }
  return dimension;
}

Dimension read_dimension(const std::string& option, const Json& json) {
  if (json.is_object()) return read_range(option, json);
  if (!json.is_array() || json.empty())
    throw_unexpected_json("a list of values, or {\"from\": …, \"to\": …}", json);
  Dimension dimension;
  for (const Json& one : json) {
    const auto [field, value] = read_option(option, value_text(one));
    dimension.field = field;
    dimension.values.push_back(value);
  }
  return dimension;
}

void check_searchable(const std::string& option) {
  Recipe recipe;
  const auto app = make_scratch_app(recipe);
  std::vector<std::string> names;
  for (const CLI::Option* one :
       app->get_options([](const CLI::Option* any) { return any->get_configurable(); }))
    names.push_back(one->get_lnames()[0]);
  if (std::ranges::count(names, option) == 0)
    fail("expected the name of an option that trials may differ in{}", suggestion(option, names));
}

}  // namespace

WrittenSpace parse_space(std::string_view text, const std::string& name) {
  WrittenSpace space = {.json = parse_json_object(text, kMaxDepth, {.name = name}), .space = {}};
  for (const auto& item : space.json.items()) {
    try {
      check_searchable(item.key());
      space.space.push_back(read_dimension(item.key(), item.value()));
    } catch (const Error& error) {
      fail_usage("{}: {}: {}", name, item.key(), error.what());
    }
  }
  if (space.space.empty()) fail_usage("{}: expected an option to search, found none", name);
  return space;
}

}  // namespace trp
