#pragma once

#include <optional>
#include <string>

#include "train/recipe_json.h"

namespace trp {

/// The schema of all JSON output, whose fields README.md lists. No field is ever renamed.
inline constexpr int kSchema = 2;

/// The forms in which results are written.
enum class OutputFormat { kText, kJson, kJsonLines, kCsv };

/// A member of what there may not be; null without it.
template <class Object, class Value>
Json field_of(const std::optional<Object>& object, Value Object::*member) {
  return object ? Json((*object).*member) : Json();
}

/// The names of an object's fields as the header of a CSV file.
std::string csv_header(const Json& object);

/// Their values as a row under it, null as an empty one, lists with spaces between their elements;
/// in quotes where commas, quotes or line ends would be read otherwise.
std::string csv_row(const Json& object);

/// A document as a header and one row: the fields of objects in it are called "build.version", and
/// lists of lists or objects are left out.
std::string csv_table(const Json& document);

}  // namespace trp
