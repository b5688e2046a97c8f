#include "train/recipe_json.h"

#include <concepts>
#include <type_traits>

#include "train/words.h"

namespace trp {

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

template <class Enum>
requires std::is_enum_v<Enum> Json value_to_json(Enum value) { return word_of(value); }

static Json value_to_json(const AugmentOptions& value) { return augment_text(value); }

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
    throw_unexpected_json(words, json);
  }
  value = *found;
}

static void read_value(const Json& json, AugmentOptions& value) {
  for (const bool noise : {false, true})
    for (const bool shift : {false, true}) {
      value = {noise, shift};
      if (json == augment_text(value)) return;
    }
  throw_unexpected_json("none, noise, shift or noise,shift", json);
}

Json to_json(const Recipe& recipe) { return fields_to_json(recipe); }

Json to_json(const Plan& plan) { return fields_to_json(plan); }

Recipe recipe_from_json(const Json& json) {
  Recipe recipe;
  read_fields(json, recipe);
  return recipe;
}

Plan plan_from_json(const Json& json) {
  Plan plan;
  read_fields(json, plan);
  return plan;
}

std::vector<RecipeDifference> differences(const Recipe& here, const Recipe& there) {
  const Json ours = to_json(here), theirs = to_json(there);
  std::vector<RecipeDifference> found;
  for (const auto& item : ours.items())
    if (const Json& other = theirs.at(item.key()); item.value() != other)
      found.push_back({item.key(), item.value(), other});
  return found;
}

}  // namespace trp
