#include "report/json.h"

#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace trp {
namespace {

/// Numbers as short as their value allows: 40000 and not 40000.0.
std::string csv_field(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number_float()) return value.is_null() ? "" : value.dump();
  const auto number = value.get<double>();
  return std::isfinite(number) ? fmt::format("{}", number) : "";
}

}  // namespace

std::string to_text(const Json& document, int indent) {
  return document.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string csv_header(const Json& object) {
  std::vector<std::string> names;
  for (const auto& field : object.items()) names.push_back(field.key());
  return fmt::format("{}", fmt::join(names, ","));
}

std::string csv_row(const Json& object) {
  std::vector<std::string> fields;
  for (const Json& value : object) fields.push_back(csv_field(value));
  return fmt::format("{}", fmt::join(fields, ","));
}

}  // namespace trp
