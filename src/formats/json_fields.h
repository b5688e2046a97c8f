#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "core/fail.h"
#include "formats/strict_json.h"
#include "trp/error.h"

namespace trp {

// Values as JSON. Each type has the functions value_to_json(value) and read_value(json, value).
// Those of numbers, texts, lists, optional values and structs are here; a struct has its fields
// listed as JsonFields<Struct>::kFields, a tuple of JsonField.

template <class Struct, class Value>
struct JsonField {
  const char* name;
  Value Struct::*member;
};
template <class Struct, class Value>
JsonField(const char*, Value Struct::*) -> JsonField<Struct, Value>;

template <class Struct>
struct JsonFields;

template <class Struct>
concept HasJsonFields = requires {
  JsonFields<Struct>::kFields;
};

template <HasJsonFields Struct>
Json value_to_json(const Struct& fields);

/// Throws Error, which begins with the name of the field, unless there are exactly the fields that
/// value_to_json() writes, each of the right type.
template <HasJsonFields Struct>
void read_value(const Json& json, Struct& fields);

/// Throws Error: expected …, found ….
[[noreturn]] inline void throw_unexpected_json(std::string_view expected, const Json& found) {
  fail("expected {}, found {}", expected, json_text(found));
}

template <class Number>
requires std::is_arithmetic_v<Number> Json value_to_json(Number value) { return value; }

inline Json value_to_json(const std::string& value) { return value; }

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

template <HasJsonFields Struct>
Json value_to_json(const Struct& fields) {
  Json json = Json::object();
  const auto write = [&](const auto& field) {
    json[field.name] = value_to_json(fields.*field.member);
  };
  std::apply([&](const auto&... field) { (write(field), ...); }, JsonFields<Struct>::kFields);
  return json;
}

template <HasJsonFields Struct>
void read_value(const Json& json, Struct& fields) {
  if (!json.is_object()) throw_unexpected_json("an object", json);
  std::vector<std::string_view> known;
  const auto read = [&](const auto& field) {
    const auto found = json.find(field.name);
    if (found == json.end()) fail("{}: expected a value, found none", field.name);
    try {
      read_value(*found, fields.*field.member);
    } catch (const Error& error) {
      fail("{}: {}", field.name, error.what());
    }
    known.emplace_back(field.name);
  };
  std::apply([&](const auto&... field) { (read(field), ...); }, JsonFields<Struct>::kFields);
  for (const auto& item : json.items())
    if (std::ranges::find(known, item.key()) == known.end())
      fail("{}: expected no field of this name", item.key());
}

/// Returns what read() returns. An Error that it throws gets `where` put before it and a hint after
/// it, that the file is damaged.
template <class Read>
auto read_at(const std::string& where, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    fail("{}: {}; {}", where, error.what(), kDamagedHint);
  }
}

}  // namespace trp
