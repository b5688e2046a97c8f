#include "cli/help.h"

#include <fmt/format.h>

namespace trp {
namespace {

constexpr int kNameColumns = 26;

std::string names_of(const Option& option) {
  std::string names = fmt::format(
      "  {:<3} --{}", option.short_name + (option.short_name.empty() ? "" : ","), option.name);
  if (!option.value.empty()) names += ' ' + option.value;
  return names;
}

/// A switch is off and a name is not set unless the help says otherwise.
std::string default_of(const Option& option) {
  if (!option.get || option.value.empty()) return {};
  const auto value = option.get();
  return value ? fmt::format("  [{}]", *value) : std::string();
}

std::string help_of(const Option& option) {
  std::string names = names_of(option);
  const std::string indent = fmt::format("\n{:{}}", "", kNameColumns + 1);
  std::string text = fmt::format("{:<{}} ", names, kNameColumns);
  for (const char c : option.help + default_of(option)) {
    if (c == '\n') {
      text += indent;
    } else {
      text += c;
    }
  }
  if (!option.alias.empty()) text += fmt::format("  (or --{})", option.alias);
  return text + '\n';
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
    for (const Option& option : group.options) text += help_of(option);
  }
  return text + syntax.closing;
}

}  // namespace trp
