#pragma once

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>

namespace trp {

/// Returns the text in double quotes as messages show it: what cannot be printed is escaped, and
/// the end of a long text is left out.
std::string in_quotes(std::string_view text);

/// Returns the text with what cannot be printed escaped: control characters, line feeds, marks that
/// turn the direction of what follows, bytes that are not UTF-8. Whatever may come from outside
/// (names of files, the environment, metadata) goes to a terminal through it.
std::string printable(std::string_view text);

/// Reads a number that takes up the whole text; refuses signs of plus, spaces, hexadecimals, NaN
/// and inf. Returns false if the text is none or does not fit the type.
template <class Number>
bool read_whole(std::string_view text, Number& number) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) return false;
  }
  number = value;
  return true;
}

}  // namespace trp
