#pragma once

#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "train/words.h"
#include "trp/error.h"
#include "trp/tensor.h"

namespace trp {

// The values of options, read whole and checked. Each function throws UsageError with
// "expected …, found …"; who calls it says where that was.

[[noreturn]] void throw_unexpected(std::string_view expected, std::string_view found);

/// A number that takes up the whole text; neither signs of plus nor spaces, hexadecimals, NaN, inf.
/// False if it is none or does not fit the type.
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

template <class Integer>
Integer parse_whole_number(std::string_view text, Integer min, Integer max) {
  Integer value{};
  if (!read_whole(text, value) || value < min || value > max) {
    throw_unexpected(fmt::format("a whole number from {} to {}", min, max), text);
  }
  return value;
}

enum class UpperEnd { kIncluded, kExcluded };

template <class Real>
Real parse_number(std::string_view text, Real min, Real max, UpperEnd end = UpperEnd::kIncluded) {
  Real value{};
  const bool excluded = end == UpperEnd::kExcluded;
  if (!read_whole(text, value) || value < min || value > max || (excluded && value == max)) {
    throw_unexpected(excluded ? fmt::format("a number from {} to less than {}", min, max)
                              : fmt::format("a number from {} to {}", min, max),
                     text);
  }
  return value;
}

template <class Enum>
Enum parse_word(std::string_view text, std::span<const Word<Enum>> names) {
  std::string words;
  for (const auto& name : names) {
    if (name.text == text) return name.value;
    words += fmt::format("{}{}", words.empty() ? "" : ", ", name.text);
  }
  throw_unexpected("one of " + words, text);
}

/// "true" or "false".
bool parse_switch(std::string_view text);

/// A name that is not empty and not an option whose own value was forgotten.
std::string parse_text(std::string_view text);

/// 1 to 64 widths, as in "128,64"; "none" or nothing is no hidden layer.
std::vector<Index> parse_widths(std::string_view text);
std::string widths_text(const std::vector<Index>& widths);

/// Words of kAugmentWords with commas between, or "none".
AugmentOptions parse_augment(std::string_view text);

}  // namespace trp
