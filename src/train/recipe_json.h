#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "formats/json_fields.h"
#include "trp/plan.h"
#include "trp/recipe.h"
#include "trp/score.h"

namespace trp {

/// A score as it is in files of trainings and searches.
template <>
struct JsonFields<Score> {
  static constexpr std::tuple kFields{JsonField{"loss", &Score::loss},
                                      JsonField{"accuracy", &Score::accuracy},
                                      JsonField{"samples", &Score::sample_count}};
};

// The one description of a recipe and of a plan: the start of a training, the metadata of a model
// and the identity of a checkpoint are made from it. A field has the name of the option that sets
// it, with underscores (the field "shuffle" is unset by --no-shuffle). Enumerators are words.

/// {"hidden": [128, 64], "classes": 10, …}
Json to_json(const Recipe& recipe);

/// {"strategy": "data", "merge": "factored", …}
Json to_json(const Plan& plan);

/// The reverse; fields that are not there have the default. Throws Error, which begins with the
/// name of the field, unless all are such that to_json() writes, each of the right type and with a
/// word that is known.
Recipe recipe_from_json(const Json& json);

/// A field that is not the same in two recipes.
struct RecipeDifference {
  std::string field;
  Json here;
  Json there;
};

/// The fields in which two recipes differ, in the order of to_json().
std::vector<RecipeDifference> differences(const Recipe& here, const Recipe& there);

}  // namespace trp
