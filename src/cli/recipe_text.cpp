#include "cli/recipe_text.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/config_file.h"
#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "train/recipe_json.h"

namespace trp {
namespace {

constexpr const char* kSet = "true";  // the value of a flag

/// Names and values of options_text().
std::vector<std::pair<std::string, std::string>> options_of(const Recipe& recipe,
                                                            const Recipe& base) {
  const Json ours = to_json(recipe), theirs = to_json(base);
  std::vector<std::pair<std::string, std::string>> options;
  for (const auto& item : ours.items()) {
    const bool is_rate = item.key() == "lr" && recipe.optimizer != base.optimizer;
    if (is_rate || item.value() != theirs[item.key()])
      options.emplace_back(option_of(item.key()).substr(2),
                           item.value().is_boolean() ? kSet : value_text(item.value()));
  }
  return options;
}

/// In quotes where a shell would read it otherwise.
std::string shell_text(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,-+=:@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string{c};
  return quoted + "'";
}

}  // namespace

std::vector<std::string> recipe_arguments(const Recipe& recipe) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : options_of(recipe, Recipe())) {
    arguments.push_back("--" + name);
    if (value != kSet) arguments.push_back(value);
  }
  return arguments;
}

std::string options_text(const Recipe& recipe, const Recipe& base) {
  std::string text;
  for (const auto& [name, value] : options_of(recipe, base))
    text +=
        fmt::format("{}--{}{}", text.empty() ? "" : " ", name, value == kSet ? "" : " " + value);
  return text;
}

std::string train_command(const DataOptions& data, const Recipe& recipe) {
  const std::array<std::pair<const char*, std::string>, 5> files = {
      {{"--data", data.directory},
       {"--images", data.train_images},
       {"--labels", data.train_labels},
       {"--test-images", data.test_images},
       {"--test-labels", data.test_labels}}};
  std::string command = "tensor_relu_parallel";
  for (const auto& [option, path] : files)
    if (!path.empty()) command += fmt::format(" {} {}", option, shell_text(path));
  const std::string options = options_text(recipe);
  return options.empty() ? command : fmt::format("{} {}", command, options);
}

std::string config_text(const Recipe& recipe, const TrialResult& best) {
  std::string text =
      fmt::format("{}trial {}, validation accuracy {:.4f} of {} samples\n", kConfigStart,
                  best.trial, best.validation->accuracy, best.validation->sample_count);
  for (const auto& [name, value] : options_of(recipe, Recipe()))
    text += fmt::format("{} = {}\n", name, toml_value(value));
  return text;
}

}  // namespace trp
