#include "train/recipe_json.h"

#include <concepts>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "train/words.h"
#include "trp/error.h"

namespace trp {
namespace {

/// Calls visit(name, field) for each field of a recipe, which may be constant.
template <class R, class Visit>
requires std::same_as<std::remove_const_t<R>, Recipe>
void for_each_field(R& recipe, const Visit& visit) {
  visit("hidden", recipe.hidden);
  visit("classes", recipe.class_count);
  visit("limit", recipe.limit);
  visit("val_split", recipe.validation_share);
  visit("shuffle", recipe.shuffle);
  visit("augment", recipe.augment);
  visit("epochs", recipe.epochs);
  visit("dry_run", recipe.dry_run);
  visit("batch_size", recipe.batch_size);
  visit("lr", recipe.learning_rate);
  visit("lr_schedule", recipe.learning_rate_schedule);
  visit("warmup_epochs", recipe.warmup_epochs);
  visit("momentum", recipe.momentum);
  visit("weight_decay", recipe.weight_decay);
  visit("clip_norm", recipe.clip_norm);
  visit("early_stopping", recipe.early_stopping);
  visit("seed", recipe.seed);
}

/// The same for a plan.
template <class P, class Visit>
requires std::same_as<std::remove_const_t<P>, Plan>
void for_each_field(P& plan, const Visit& visit) {
  visit("strategy", plan.strategy);
  visit("merge", plan.merge);
  visit("micro_batches", plan.micro_batches);
  visit("pipeline_schedule", plan.pipeline_schedule);
  visit("workers", plan.workers);
  visit("loaders", plan.loaders);
  visit("queue", plan.queue);
  visit("pin", plan.pin);
}

template <class Value>
Json value_to_json(const Value& value) {
  if constexpr (std::is_enum_v<Value>)
    return word_of(value);
  else if constexpr (std::same_as<Value, AugmentOptions>)
    return augment_text(value);
  else
    return value;
}

[[noreturn]] void throw_unexpected(std::string_view expected, const Json& found) {
  throw Error(fmt::format("expected {}, found {}", expected,
                          found.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

void read_value(const Json& json, bool& value) {
  if (!json.is_boolean()) throw_unexpected("true or false", json);
  value = json.get<bool>();
}

void read_value(const Json& json, double& value) {
  if (!json.is_number()) throw_unexpected("a number", json);
  value = json.get<double>();
}

template <std::integral Integer>
void read_value(const Json& json, Integer& value) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
  const bool is_whole = json.is_number_integer() && (json.is_number_unsigned() || json >= 0);
  if (!is_whole || json.get<std::uint64_t>() > kMax)
    throw_unexpected(fmt::format("a whole number from 0 to {}", kMax), json);
  value = json.get<Integer>();
}

void read_value(const Json& json, std::vector<Index>& values) {
  if (!json.is_array()) throw_unexpected("a list of whole numbers", json);
  values.resize(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) read_value(json[i], values[i]);
}

template <class Enum>
requires std::is_enum_v<Enum>
void read_value(const Json& json, Enum& value) {
  const auto found = json.is_string()
                         ? value_of(words_of(value), json.get_ref<const std::string&>())
                         : std::nullopt;
  if (!found) {
    std::string words;
    for (const auto& word : words_of(value))
      words.append(words.empty() ? "one of " : ", ").append(word.text);
    throw_unexpected(words, json);
  }
  value = *found;
}

void read_value(const Json& json, AugmentOptions& value) {
  for (const bool noise : {false, true})
    for (const bool shift : {false, true}) {
      value = {noise, shift};
      if (json == augment_text(value)) return;
    }
  throw_unexpected("none, noise, shift or noise,shift", json);
}

template <class Fields>
Json fields_to_json(const Fields& fields) {
  Json json = Json::object();
  for_each_field(fields,
                 [&](const char* name, const auto& value) { json[name] = value_to_json(value); });
  return json;
}

template <class Fields>
Fields fields_from_json(const Json& json) {
  if (!json.is_object()) throw_unexpected("an object", json);
  Fields fields;
  std::size_t known = 0;
  for_each_field(fields, [&](const char* name, auto& value) {
    const auto found = json.find(name);
    if (found == json.end()) throw Error(fmt::format("{}: expected a value, found none", name));
    try {
      read_value(*found, value);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", name, error.what()));
    }
    ++known;
  });
  if (json.size() != known) {
    const Json expected = fields_to_json(fields);
    for (const auto& item : json.items())
      if (!expected.contains(item.key()))
        throw Error(fmt::format("{}: expected no field of this name", item.key()));
  }
  return fields;
}

}  // namespace

Json to_json(const Recipe& recipe) { return fields_to_json(recipe); }

Json to_json(const Plan& plan) { return fields_to_json(plan); }

Recipe recipe_from_json(const Json& json) { return fields_from_json<Recipe>(json); }

Plan plan_from_json(const Json& json) { return fields_from_json<Plan>(json); }

std::vector<RecipeDifference> differences(const Recipe& here, const Recipe& there) {
  const Json ours = to_json(here), theirs = to_json(there);
  std::vector<RecipeDifference> found;
  for (const auto& item : ours.items())
    if (const Json& other = theirs.at(item.key()); item.value() != other)
      found.push_back({item.key(), item.value(), other});
  return found;
}

}  // namespace trp
