#include "cli/help.h"

#include <utility>

#include <fmt/format.h>

namespace trp {
namespace {

constexpr std::size_t kNameColumns = 26;

std::string name_of(const Option& option) {
  return fmt::format("--{}{}{}", option.name, option.value.empty() ? "" : " ", option.value);
}

/// A switch is off and a name is not set unless the help says otherwise.
std::string default_of(const Option& option, std::string_view space) {
  if (!option.get || option.value.empty()) return {};
  const auto value = option.get();
  return value && !value->empty() ? fmt::format("{}[{}]", space, *value) : std::string();
}

/// Options without a help of their own share the line of the next one that has it.
std::string help_of(const OptionGroup& group) {
  const std::string indent = fmt::format("\n{:{}}", "", kNameColumns + 1);
  std::string text;
  std::string names;
  for (const Option& option : group.options) {
    const std::string short_name = option.short_name.empty() ? "" : option.short_name + ",";
    if (names.empty()) {
      names = fmt::format("  {:<3} {}", short_name, name_of(option));
    } else {
      names += fmt::format("  {}{}{}", short_name, short_name.empty() ? "" : " ", name_of(option));
    }
    if (option.help.empty()) {
      names += default_of(option, " ");
      continue;
    }
    // Two spaces between names and help, where the names are too long for their column.
    if (names.size() >= kNameColumns) names += ' ';
    text += fmt::format("{:<{}} ", std::exchange(names, {}), kNameColumns);
    for (const char c : option.help + default_of(option, "  ")) {
      if (c == '\n') {
        text += indent;
      } else {
        text += c;
      }
    }
    text += option.alias.empty() ? "\n" : fmt::format("  (or --{})\n", option.alias);
  }
  return text;
}

}  // namespace

std::string help_text(const CommandSyntax& syntax) {
  std::string text;
  for (const std::string& usage : syntax.usage) {
    text += fmt::format("{} tensor_relu_parallel {}\n", text.empty() ? "usage:" : "      ", usage);
  }
  text += syntax.summary;
  for (const OptionGroup& group : syntax.groups) {
    text += fmt::format("\n{}\n", group.title);
    text += help_of(group);
  }
  return text + syntax.closing;
}

}  // namespace trp
