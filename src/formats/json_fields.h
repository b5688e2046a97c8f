#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/array_checks.h"
#include "trp/error.h"

namespace trp {

/// Fields in the order in which they are given.
using Json = nlohmann::ordered_json;

// A struct as a JSON object. The struct has a function for_each_field(fields, visit), which calls
// visit(name, field) for each of its fields and takes constant and other structs; each type of
// field has the functions value_to_json(value) and read_value(json, value). Those of numbers, lists
// and optional values are here.

/// Throws Error: expected …, found ….
[[noreturn]] inline void throw_unexpected_json(std::string_view expected, const Json& found) {
  throw Error(fmt::format("expected {}, found {}", expected,
                          found.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

template <class Number>
requires std::is_arithmetic_v<Number> Json value_to_json(Number value) { return value; }

inline void read_value(const Json& json, bool& value) {
  if (!json.is_boolean()) throw_unexpected_json("true or false", json);
  value = json.get<bool>();
}

inline void read_value(const Json& json, double& value) {
  if (!json.is_number()) throw_unexpected_json("a number", json);
  value = json.get<double>();
}

template <std::integral Integer>
void read_value(const Json& json, Integer& value) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max());
  const bool is_whole = json.is_number_integer() && (json.is_number_unsigned() || json >= 0);
  if (!is_whole || json.get<std::uint64_t>() > kMax)
    throw_unexpected_json(fmt::format("a whole number from 0 to {}", kMax), json);
  value = json.get<Integer>();
}

inline void read_value(const Json& json, std::string& value) {
  if (!json.is_string()) throw_unexpected_json("a text", json);
  value = json.get<std::string>();
}

template <class Value>
Json value_to_json(const std::vector<Value>& values) {
  Json json = Json::array();
  for (const Value& value : values) json.push_back(value_to_json(value));
  return json;
}

template <class Value>
void read_value(const Json& json, std::vector<Value>& values) {
  if (!json.is_array()) throw_unexpected_json("a list", json);
  values.assign(json.size(), Value{});
  for (std::size_t i = 0; i < json.size(); ++i) read_value(json[i], values[i]);
}

template <class Value>
Json value_to_json(const std::optional<Value>& value) {
  return value ? value_to_json(*value) : Json(nullptr);
}

template <class Value>
void read_value(const Json& json, std::optional<Value>& value) {
  value.reset();
  if (!json.is_null()) read_value(json, value.emplace());
}

template <class Fields>
Json fields_to_json(const Fields& fields) {
  Json json = Json::object();
  for_each_field(fields,
                 [&](const char* name, const auto& value) { json[name] = value_to_json(value); });
  return json;
}

/// Throws Error, which begins with the name of the field, unless there are exactly the fields that
/// fields_to_json() writes, each of the right type.
template <class Fields>
void read_fields(const Json& json, Fields& fields) {
  if (!json.is_object()) throw_unexpected_json("an object", json);
  std::vector<std::string_view> known;
  for_each_field(fields, [&](const char* name, auto& value) {
    const auto found = json.find(name);
    if (found == json.end()) throw Error(fmt::format("{}: expected a value, found none", name));
    try {
      read_value(*found, value);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", name, error.what()));
    }
    known.emplace_back(name);
  });
  for (const auto& item : json.items())
    if (std::ranges::find(known, item.key()) == known.end())
      throw Error(fmt::format("{}: expected no field of this name", item.key()));
}

/// Returns what read() returns. An Error that it throws gets `where` put before it and a hint after
/// it, that the file is damaged.
template <class Read>
auto read_at(const std::string& where, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}; {}", where, error.what(), kDamagedHint));
  }
}

}  // namespace trp
