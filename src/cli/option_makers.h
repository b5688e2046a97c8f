#pragma once

#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "cli/option.h"
#include "cli/values.h"

namespace trp {

// Each takes an option that has only names and help, and ties it to a variable.

template <class Integer>
Option whole_number(Option option, Integer& target, std::type_identity_t<Integer> min,
                    std::type_identity_t<Integer> max) {
  option.set = [&target, min, max](const std::string& text) {
    target = parse_whole_number<Integer>(text, min, max);
  };
  option.get = [&target] { return fmt::format("{}", target); };
  return option;
}

template <class Real>
Option number(Option option, Real& target, std::type_identity_t<Real> min,
              std::type_identity_t<Real> max, UpperEnd end = UpperEnd::kIncluded) {
  option.set = [&target, min, max, end](const std::string& text) {
    target = parse_number<Real>(text, min, max, end);
  };
  option.get = [&target] { return fmt::format("{}", target); };
  return option;
}

/// One of a few words, which --help lists.
template <class Enum, std::size_t kCount>
Option one_of(Option option, Enum& target, const std::array<Word<Enum>, kCount>& names) {
  std::string words;
  for (const auto& name : names) words += fmt::format("{}{}", words.empty() ? "" : "|", name.text);
  option.help = fmt::format("{}: {}", words, option.help);
  option.set = [&target, &names](const std::string& text) {
    target = parse_word<Enum>(text, names);
  };
  option.get = [&target, &names] { return std::string(word_of<Enum>(names, target)); };
  return option;
}

/// A name of a file or folder, not set while empty.
inline Option text(Option option, std::string& target) {
  option.set = [&target](const std::string& value) { target = parse_text(value); };
  option.get = [&target] {
    return target.empty() ? std::nullopt : std::optional<std::string>(target);
  };
  return option;
}

/// A switch that gives the variable the first value when on, the second when off.
template <class Value>
Option choice(Option option, Value& target, Value on, std::type_identity_t<Value> off) {
  option.set = [&target, on, off](const std::string& text) {
    if (parse_switch(text)) {
      target = on;
    } else if (target == on) {
      target = off;
    }
  };
  option.get = [&target, on] { return std::string(target == on ? "true" : "false"); };
  return option;
}

/// The same option, but not part of a configuration.
inline Option not_configurable(Option option) {
  option.get = nullptr;
  return option;
}

}  // namespace trp
