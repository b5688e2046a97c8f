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

std::string train_help(std::span<const OptionGroup> groups) {
  std::string text =
      "usage: tensor_relu_parallel [train] [OPTIONS]\n"
      "Trains a ReLU network on MNIST-style data, with the same weights from any number of "
      "workers.\n";
  for (const OptionGroup& group : groups) {
    text += fmt::format("\n{}\n", group.title);
    for (const Option& option : group.options) text += help_of(option);
  }
  return text +
         "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 diverged, 4 bound not met, 130/143 "
         "stopped\n"
         "Examples\n"
         "  tensor_relu_parallel --epochs 10 --workers 8\n"
         "  tensor_relu_parallel -d mnist --hidden 256,128 --lr 0.1 --val-split 0.1\n"
         "  tensor_relu_parallel --format jsonl -q | jq 'select(.test_accuracy).test_accuracy'\n";
}

}  // namespace trp
