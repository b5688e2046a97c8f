#include "cli/values.h"
#include "core/text.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace trp {
namespace {

constexpr std::size_t kMostHiddenLayers = 64;
constexpr Index kWidestLayer = 65'536;

}  // namespace

void throw_unexpected(std::string_view expected, std::string_view found) {
  throw UsageError(fmt::format("expected {}, found {}", expected, in_quotes(found)));
}

bool parse_switch(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  throw_unexpected("true or false", text);
}

std::string parse_text(std::string_view text) {
  if (text.empty() || (text.starts_with('-') && text != "-")) {
    throw_unexpected("a name (./-x for one that starts with -)", text);
  }
  return std::string(text);
}

std::vector<Index> parse_widths(std::string_view text) {
  std::vector<Index> widths;
  if (text.empty() || text == "none") return widths;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    Index width = 0;
    if (!read_whole(rest.substr(0, comma), width) || width < 1 || width > kWidestLayer ||
        widths.size() == kMostHiddenLayers) {
      throw_unexpected(
          fmt::format("up to {} whole numbers from 1 to {} with commas between, or \"none\"",
                      kMostHiddenLayers, kWidestLayer),
          text);
    }
    widths.push_back(width);
    if (comma == std::string_view::npos) return widths;
    rest.remove_prefix(comma + 1);
  }
}

AugmentOptions parse_augment(std::string_view text) {
  AugmentOptions options;
  if (text == "none") return options;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const auto* name = std::find_if(
        kAugmentWords.begin(), kAugmentWords.end(),
        [word = rest.substr(0, comma)](const auto& candidate) { return candidate.text == word; });
    if (name == kAugmentWords.end())
      throw_unexpected("noise, shift, both with a comma between, or none", text);
    options.*name->value = true;
    if (comma == std::string_view::npos) return options;
    rest.remove_prefix(comma + 1);
  }
}

std::string widths_text(const std::vector<Index>& widths) {
  return widths.empty() ? "none" : fmt::format("{}", fmt::join(widths, ","));
}

}  // namespace trp
