#include "trp/cli/options.h"

#include <algorithm>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/help.h"
#include "cli/train_options.h"
#include "cli/version.h"
#include "trp/cli/config_file.h"
#include "trp/cli/nearest.h"
#include "trp/cli/values.h"
#include "trp/core/error.h"

namespace trp {
namespace {

const std::vector<std::string> kCommands = {"train"};

std::vector<std::string> option_spellings(std::span<const OptionGroup> groups) {
  std::vector<std::string> spellings;
  for (const OptionGroup& group : groups) {
    for (const Option& option : group.options) {
      spellings.push_back("--" + option.name);
      if (!option.alias.empty()) spellings.push_back("--" + option.alias);
    }
  }
  return spellings;
}

void check_known(std::span<const std::string> leftover, std::span<const OptionGroup> groups) {
  for (const std::string& argument : leftover) {
    if (!argument.starts_with('-') || argument == "-" || argument == "--") continue;
    const std::string name = argument.substr(0, argument.find('='));
    throw UsageError("unknown option {}{}", in_quotes(name),
                     suggestion(name, option_spellings(groups)));
  }
}

/// CLI11 takes the next argument for the value of "--name=", which is empty.
std::vector<std::string> split_empty_values(std::vector<std::string> arguments) {
  std::vector<std::string> result;
  for (std::string& argument : arguments) {
    const bool empty_value = argument.size() > 3 && argument.starts_with("--") &&
                             argument.find('=') == argument.size() - 1;
    if (empty_value) argument.pop_back();
    result.push_back(std::move(argument));
    if (empty_value) result.emplace_back();
  }
  return result;
}

CLI::Option* add_to(CLI::App& app, const Option& option) {
  std::string names = option.short_name + (option.short_name.empty() ? "--" : ",--") + option.name;
  if (!option.alias.empty()) names += ",--" + option.alias;
  CLI::Option* added = option.value.empty() ? app.add_flag(names) : app.add_option(names);
  return added->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

struct CommandLine {
  std::vector<Assignment> given;
  std::vector<std::string> leftover;  // neither options nor their values
};

/// CLI11 takes the command line apart; what the parts mean is up to the options.
CommandLine split_command_line(std::span<const OptionGroup> groups,
                               std::vector<std::string> arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::map<const CLI::Option*, const Option*> options;
  for (const OptionGroup& group : groups) {
    for (const Option& option : group.options) options[add_to(app, option)] = &option;
  }
  arguments = split_empty_values(std::move(arguments));
  const std::string last = arguments.empty() ? "" : arguments.back();
  std::ranges::reverse(arguments);  // as CLI11 wants it
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ArgumentMismatch&) {
    throw UsageError("{}: expected a value, found the end of the command line", last);
  } catch (const CLI::Error& error) {
    throw UsageError("{}", error.what());
  }
  CommandLine line = {.given = {}, .leftover = app.remaining()};
  check_known(line.leftover, groups);
  for (const CLI::Option* given : app.parse_order()) {
    const Option& option = *options.at(given);
    line.given.push_back({option.name, given->results().back(), "--" + option.name});
  }
  return line;
}

const Assignment* find_assignment(std::span<const Assignment> assignments, std::string_view name) {
  const auto found = std::ranges::find(assignments, name, &Assignment::name);
  return found == assignments.end() ? nullptr : &*found;
}

void check_given_together(std::span<const Assignment> given) {
  const Assignment* strategy = find_assignment(given, "strategy");
  const Assignment* sequential = find_assignment(given, "sequential");
  if (strategy && sequential && sequential->value == "true" && strategy->value != "sequential") {
    throw UsageError("--sequential and --strategy {}: expected one of them", strategy->value);
  }
}

void check_verbosity(std::span<const Assignment> assignments) {
  const auto is_true = [&](std::string_view name) {
    const Assignment* found = find_assignment(assignments, name);
    return found && found->value == "true";
  };
  if (is_true("quiet") && is_true("verbose")) {
    throw UsageError("--quiet and --verbose: expected one of them");
  }
}

Command parse_train(std::vector<std::string> arguments) {
  TrainCommandOptions options;
  MetaOptions meta;
  const std::vector<OptionGroup> groups = train_option_groups(options, meta);
  const std::string help = train_help(groups);

  const auto [given, leftover] = split_command_line(groups, std::move(arguments));
  if (find_assignment(given, "help")) return TextCommand{help};
  if (find_assignment(given, "version")) return TextCommand{version_text(CLI11_VERSION)};
  assign(groups, given);
  if (!leftover.empty()) {
    throw UsageError("expected options only, found {}", in_quotes(leftover.front()));
  }
  check_given_together(given);
  check_verbosity(given);
  if (!meta.config.empty()) {
    const auto configured = read_config_file(meta.config, groups);
    check_verbosity(configured);
    assign(groups, configured);
    assign(groups, given);
  }
  check_together(options);
  if (meta.print_config) return TextCommand{config_text(groups)};
  return options;
}

}  // namespace

Command parse_command_line(std::vector<std::string> arguments) {
  if (!arguments.empty() && !arguments.front().starts_with('-')) {
    const std::string& word = arguments.front();
    if (word != "train") {
      throw UsageError("unknown command {}{}", in_quotes(word), suggestion(word, kCommands));
    }
    arguments.erase(arguments.begin());
  }
  return parse_train(std::move(arguments));
}

}  // namespace trp
