#include "report/json.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace trp {
namespace {

/// As RFC 4180 has it.
std::string quoted_if_needed(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string{c};
  return quoted + '"';
}

/// Numbers as short as their value allows: 40000 and not 40000.0.
std::string csv_field(const Json& value) {
  if (value.is_string()) return quoted_if_needed(value.get<std::string>());
  if (value.is_array()) {
    std::vector<std::string> elements;
    for (const Json& element : value) elements.push_back(csv_field(element));
    return fmt::format("{}", fmt::join(elements, " "));
  }
  if (!value.is_number_float()) return value.is_null() ? "" : value.dump();
  const auto number = value.get<double>();
  return std::isfinite(number) ? fmt::format("{}", number) : "";
}

void flatten(const Json& object, const std::string& prefix, Json& flat) {
  for (const auto& field : object.items()) {
    const Json& value = field.value();
    if (value.is_object()) {
      flatten(value, prefix + field.key() + '.', flat);
    } else if (!value.is_array() || value.empty() || value[0].is_primitive()) {
      flat[prefix + field.key()] = value;
    }
  }
}

}  // namespace

std::string csv_header(const Json& object) {
  std::vector<std::string> names;
  for (const auto& field : object.items()) names.push_back(csv_field(field.key()));
  return fmt::format("{}", fmt::join(names, ","));
}

std::string csv_row(const Json& object) {
  std::vector<std::string> fields;
  for (const Json& value : object) fields.push_back(csv_field(value));
  return fmt::format("{}", fmt::join(fields, ","));
}

std::string csv_table(const Json& document) {
  Json flat = Json::object();
  flatten(document, "", flat);
  return csv_header(flat) + '\n' + csv_row(flat);
}

}  // namespace trp
