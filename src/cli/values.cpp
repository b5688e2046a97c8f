#include "cli/values.h"

#include <cstdlib>
#include <functional>

#include <fmt/ranges.h>

#include "core/fail.h"
#include "core/text.h"
#include "trp/model.h"

namespace trp {
namespace {

constexpr std::size_t kMaxHiddenLayers = 64;
constexpr Index kMaxWidth = 65'536;

/// A validator of the name of a file or folder.
CLI::Validator path_validator(const std::function<void(const std::string&)>& check) {
  return rewriting([check](const std::string& text) {
    if (check) check(text);
    if (text.empty() || (text.starts_with('-') && text != "-"))
      throw_unexpected("a name (./-x for one that starts with -)", text);
    return text;
  });
}

}  // namespace

void throw_unexpected(std::string_view expected, std::string_view found) {
  fail_usage("expected {}, found {}", expected, in_quotes(found));
}

double parse_number(std::string_view text, double min, double max, UpperEnd end) {
  double value = 0;
  const bool excluded = end == UpperEnd::kExcluded;
  if (!read_whole(text, value) || value < min || value > max || (excluded && value == max)) {
    throw_unexpected(
        fmt::format("a number from {} to {}{}", min, excluded ? "less than " : "", max), text);
  }
  return value;
}

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size(); begin += parts.back().size() + 1)
    parts.push_back(text.substr(begin, text.find(',', begin) - begin));
  return parts;
}

std::vector<Index> parse_widths(std::string_view text) {
  std::vector<Index> widths;
  if (text.empty() || text == "none") return widths;
  for (const std::string_view part : split_at_commas(text)) {
    Index width = 0;
    if (!read_whole(part, width) || width < 1 || width > kMaxWidth ||
        widths.size() == kMaxHiddenLayers) {
      throw_unexpected(
          fmt::format("up to {} whole numbers from 1 to {} with commas between, or \"none\"",
                      kMaxHiddenLayers, kMaxWidth),
          text);
    }
    widths.push_back(width);
  }
  return widths;
}

std::string widths_text(const std::vector<Index>& widths) {
  return widths.empty() ? "none" : fmt::format("{}", fmt::join(widths, ","));
}

std::vector<double> parse_shares(std::string_view text) {
  std::vector<double> shares;
  if (text.empty() || text == "none") return shares;
  for (const std::string_view part : split_at_commas(text))
    shares.push_back(parse_number(part, 0, 1, UpperEnd::kExcluded));
  return shares;
}

std::string shares_text(const std::vector<double>& shares) {
  return shares.empty() ? "none" : fmt::format("{}", fmt::join(shares, ","));
}

AugmentOptions parse_augment(std::string_view text) {
  AugmentOptions options;
  if (text == "none") return options;
  for (const std::string_view part : split_at_commas(text)) {
    const auto field = value_of<bool AugmentOptions::*>(kAugmentWords, part);
    if (!field) throw_unexpected("noise, shift, both with a comma between, or none", text);
    options.** field = true;
  }
  return options;
}

CLI::Validator number(double min, double max, UpperEnd end) {
  return rewriting([min, max, end](const std::string& text) {
    const double value = parse_number(text, min, max, end);
    const std::string shortest = fmt::format("{}", value);
    // CLI11 reads a long double and rounds once more.
    const bool is_kept = static_cast<double>(std::strtold(shortest.c_str(), nullptr)) == value;
    return is_kept ? shortest : fmt::format("{:.17g}", value);
  });
}

CLI::Validator any_path() { return path_validator({}); }

CLI::Validator file_path(const std::string& expected) {
  return path_validator([expected](const std::string& text) {
    if (text == "-") throw_unexpected(expected, text);
  });
}

CLI::Validator model_path() { return path_validator(check_model_name); }

CLI::Validator true_or_false() {
  return rewriting([](const std::string& text) {
    if (text != "true" && text != "false") throw_unexpected("true or false", text);
    return text;
  });
}

}  // namespace trp
