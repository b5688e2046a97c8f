#include "train/recipe_json.h"

#include <type_traits>

#include "train/words.h"

namespace trp {

template <>
struct JsonFields<Recipe> {
  static constexpr std::tuple kFields{JsonField{"hidden", &Recipe::hidden},
                                      JsonField{"classes", &Recipe::class_count},
                                      JsonField{"limit", &Recipe::limit},
                                      JsonField{"val_split", &Recipe::validation_share},
                                      JsonField{"shuffle", &Recipe::shuffle},
                                      JsonField{"augment", &Recipe::augment},
                                      JsonField{"epochs", &Recipe::epochs},
                                      JsonField{"dry_run", &Recipe::dry_run},
                                      JsonField{"batch_size", &Recipe::batch_size},
                                      JsonField{"lr", &Recipe::learning_rate},
                                      JsonField{"lr_schedule", &Recipe::learning_rate_schedule},
                                      JsonField{"warmup_epochs", &Recipe::warmup_epochs},
                                      JsonField{"optimizer", &Recipe::optimizer},
                                      JsonField{"momentum", &Recipe::momentum},
                                      JsonField{"nesterov", &Recipe::nesterov},
                                      JsonField{"beta1", &Recipe::beta1},
                                      JsonField{"beta2", &Recipe::beta2},
                                      JsonField{"eps", &Recipe::epsilon},
                                      JsonField{"weight_decay", &Recipe::weight_decay},
                                      JsonField{"clip_norm", &Recipe::clip_norm},
                                      JsonField{"dropout", &Recipe::dropout},
                                      JsonField{"label_smoothing", &Recipe::label_smoothing},
                                      JsonField{"class_weights", &Recipe::class_weights},
                                      JsonField{"average_weights", &Recipe::average_weights},
                                      JsonField{"normalize", &Recipe::normalization},
                                      JsonField{"early_stopping", &Recipe::early_stopping},
                                      JsonField{"seed", &Recipe::seed},
                                      JsonField{"init", &Recipe::init}};
};

template <>
struct JsonFields<Plan> {
  static constexpr std::tuple kFields{JsonField{"strategy", &Plan::strategy},
                                      JsonField{"merge", &Plan::merge},
                                      JsonField{"micro_batches", &Plan::micro_batches},
                                      JsonField{"pipeline_schedule", &Plan::pipeline_schedule},
                                      JsonField{"workers", &Plan::workers},
                                      JsonField{"loaders", &Plan::loaders},
                                      JsonField{"queue", &Plan::queue},
                                      JsonField{"pin", &Plan::pin},
                                      JsonField{"ranks", &Plan::ranks},
                                      JsonField{"ranks_split", &Plan::ranks_split}};
};

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

Json to_json(const Recipe& recipe) { return value_to_json(recipe); }

Json to_json(const Plan& plan) { return value_to_json(plan); }

Recipe recipe_from_json(const Json& json) {
  Recipe recipe;
  Json whole = to_json(recipe);  // what an earlier version did not know is as it was then
  if (json.is_object()) whole.update(json);
  read_value(json.is_object() ? whole : json, recipe);
  return recipe;
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
