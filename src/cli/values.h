#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/ranges.h>

#include "cli/nearest.h"
#include "core/fail.h"
#include "core/text.h"
#include "train/words.h"
#include "trp/error.h"
#include "trp/recipe.h"
#include "trp/tensor.h"

namespace trp {

// The values of options. Each parse function reads a text whole and throws UsageError, "expected …,
// found …", when it cannot; the validators below put that into CLI11's form.

[[noreturn]] void throw_unexpected(std::string_view expected, std::string_view found);

template <class Integer>
Integer parse_whole_number(std::string_view text, Integer min, Integer max) {
  Integer value{};
  if (!read_whole(text, value) || value < min || value > max)
    throw_unexpected(fmt::format("a whole number from {} to {}", min, max), text);
  return value;
}

enum class UpperEnd { kIncluded, kExcluded };

double parse_number(std::string_view text, double min, double max,
                    UpperEnd end = UpperEnd::kIncluded);

template <class Value>
Value parse_word(std::string_view text, std::span<const Word<Value>> words) {
  std::vector<std::string> texts;
  for (const Word<Value>& word : words) {
    if (word.text == text) return word.value;
    texts.emplace_back(word.text);
  }
  fail_usage("expected one of {}, found {}{}", fmt::join(texts, ", "), in_quotes(text),
             suggestion(text, texts));
}

/// The texts between commas.
std::vector<std::string_view> split_at_commas(std::string_view text);

/// Returns what `parse` makes of each of the texts between commas, all of them different.
template <class Parse>
auto parse_list(std::string_view text, const Parse& parse) {
  std::vector<decltype(parse(text))> values;
  for (const std::string_view part : split_at_commas(text)) {
    const auto value = parse(part);
    if (std::ranges::find(values, value) != values.end()) throw_unexpected("each value once", text);
    values.push_back(value);
  }
  return values;
}

/// Reads 1 to 64 widths, as in "128,64"; "none" or nothing is no hidden layer.
std::vector<Index> parse_widths(std::string_view text);
std::string widths_text(const std::vector<Index>& widths);

/// Reads numbers from 0 to less than 1 with commas between; "none" or nothing is none.
std::vector<double> parse_shares(std::string_view text);
std::string shares_text(const std::vector<double>& shares);

/// Reads words of kAugmentWords with commas between, or "none".
AugmentOptions parse_augment(std::string_view text);

/// A validator that puts what `rewrite` makes of a text in its place.
template <class Rewrite>
CLI::Validator rewriting(Rewrite rewrite) {
  return CLI::Validator(
      [rewrite](std::string& text) {
        try {
          text = rewrite(text);
          return std::string();
        } catch (const UsageError& error) {
          return std::string(error.what());
        }
      },
      "");
}

/// For option->transform(…): CLI11 itself would read octal numbers, and decimals by way of long
/// double.
template <class Integer>
CLI::Validator whole_number(Integer min, std::type_identity_t<Integer> max) {
  return rewriting([min, max](const std::string& text) {
    return fmt::format("{}", parse_whole_number<Integer>(text, min, max));
  });
}
CLI::Validator number(double min, double max, UpperEnd end = UpperEnd::kIncluded);

/// Refuses the name of a file or folder that is empty, or an option whose own value was forgotten.
CLI::Validator any_path();
/// Refuses "-" too: what is written there gets its name when it is whole.
CLI::Validator file_path(const std::string& expected = "a file");
/// Refuses a model file of another ending than those that can be written.
CLI::Validator model_path();
CLI::Validator true_or_false();

/// Adds an option of a type that CLI11 does not read as we do: `parse` makes the value of a text,
/// `show` the text of a value, for defaults.
template <class Value, class Parse, class Show>
CLI::Option* add_value(CLI::App& app, const std::string& names, Value& target, Parse parse,
                       Show show, const std::string& help) {
  return app
      .add_option(
          names,
          [&target, parse](const CLI::results_t& texts) {
            target = parse(texts.back());
            return true;
          },
          help, false, [&target, show] { return std::string(show(target)); })
      ->transform(rewriting(
          [parse, show](const std::string& text) { return std::string(show(parse(text))); }));
}

/// Adds an option whose value is a list, each element read by `parse` and shown by `show`.
template <class Value, class Parse, class Show>
void add_list(CLI::App& app, const std::string& names, std::vector<Value>& target, Parse parse,
              Show show, const std::string& help) {
  const auto show_list = [show](const std::vector<Value>& values) {
    std::string text;
    for (const Value& value : values)
      text += fmt::format("{}{}", text.empty() ? "" : ",", show(value));
    return text;
  };
  add_value(
      app, names, target, [parse](std::string_view text) { return parse_list(text, parse); },
      show_list, help)
      ->type_name("LIST");
}

template <class Integer>
void add_number_list(CLI::App& app, const std::string& names, std::vector<Integer>& target,
                     Integer max, const std::string& help) {
  add_list(
      app, names, target,
      [max](std::string_view text) { return parse_whole_number<Integer>(text, 1, max); },
      [](Integer value) { return fmt::format("{}", value); }, help);
}

/// Adds an option whose value is one of a few words, which its help lists.
template <class Value>
CLI::Option* add_word(CLI::App& app, const std::string& names, Value& target,
                      std::type_identity_t<std::span<const Word<Value>>> words,
                      const std::string& help) {
  std::string list;
  for (const auto& word : words) list += fmt::format("{}{}", list.empty() ? "" : "|", word.text);
  const std::vector<Word<Value>> own(words.begin(), words.end());
  return add_value(
             app, names, target,
             [own](std::string_view text) { return parse_word<Value>(text, own); },
             [own](const Value& value) { return word_of<Value>(own, value); },
             fmt::format("{}: {}", list, help))
      ->type_name("WORD");
}

}  // namespace trp
