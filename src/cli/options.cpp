#include "cli/options.h"

#include <algorithm>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/bench_options.h"
#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/lab_options.h"
#include "cli/model_options.h"
#include "cli/nearest.h"
#include "cli/selftest_options.h"
#include "cli/train_options.h"
#include "cli/values.h"
#include "cli/version.h"
#include "core/text.h"
#include "trp/error.h"

namespace trp {
namespace {

const std::vector<std::string> kCommands = {"train", "bench",  "eval", "predict",
                                            "info",  "export", "lab",  "selftest"};

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
    throw UsageError(fmt::format("unknown option {}{}", in_quotes(name),
                                 suggestion(name, option_spellings(groups))));
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
    throw UsageError(fmt::format("{}: expected a value, found the end of the command line", last));
  } catch (const CLI::Error& error) {
    throw UsageError(fmt::format("{}", error.what()));
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
    throw UsageError(
        fmt::format("--sequential and --strategy {}: expected one of them", strategy->value));
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

void set_positional(const Positional& positional, const std::string& value) {
  try {
    positional.set(value);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", positional.name, error.what()));
  }
}

void assign_positionals(const std::vector<Positional>& positionals,
                        const std::vector<std::string>& given) {
  std::size_t next = 0;
  for (const Positional& positional : positionals) {
    if (next == given.size() && positional.required)
      throw UsageError(
          fmt::format("expected {}, found the end of the command line", positional.name));
    const std::size_t end = positional.repeated ? given.size() : std::min(next + 1, given.size());
    for (; next < end; ++next) set_positional(positional, given[next]);
  }
  if (next < given.size()) {
    throw UsageError(fmt::format("expected {}, found {}",
                                 positionals.empty()
                                     ? "options only"
                                     : fmt::format("nothing after {}", positionals.back().name),
                                 in_quotes(given[next])));
  }
}

/// What was given with options, once it has been assigned; or the text that was asked for instead.
using Parsed = std::variant<TextCommand, std::vector<Assignment>>;

Parsed parse_as(const CommandSyntax& syntax, std::vector<std::string> arguments) {
  const std::string help = help_text(syntax);  // before defaults are overwritten
  auto [given, leftover] = split_command_line(syntax.groups, std::move(arguments));
  if (find_assignment(given, "help")) return TextCommand{help};
  if (find_assignment(given, "version")) return TextCommand{version_text(CLI11_VERSION)};
  assign(syntax.groups, given);
  assign_positionals(syntax.positionals, leftover);
  return std::move(given);
}

Command parse_train(std::vector<std::string> arguments) {
  TrainCommandOptions options;
  MetaOptions meta;
  const CommandSyntax syntax = train_syntax(options, meta);
  const Parsed parsed = parse_as(syntax, std::move(arguments));
  if (const auto* text = std::get_if<TextCommand>(&parsed)) return *text;
  const auto& given = std::get<std::vector<Assignment>>(parsed);
  check_given_together(given);
  check_verbosity(given);
  if (!meta.config.empty()) {
    const auto configured = read_config_file(meta.config, syntax.groups);
    check_verbosity(configured);
    assign(syntax.groups, configured);
    assign(syntax.groups, given);
  }
  syntax.check();
  if (meta.print_config) return TextCommand{config_text(syntax.groups)};
  return options;
}

/// A command whose options are all on the command line.
template <class Options>
Command parse_simple(CommandSyntax (*make_syntax)(Options&), std::vector<std::string> arguments) {
  Options options;
  const CommandSyntax syntax = make_syntax(options);
  const Parsed parsed = parse_as(syntax, std::move(arguments));
  if (const auto* text = std::get_if<TextCommand>(&parsed)) return *text;
  syntax.check();
  return options;
}

Command parse_named(const std::string& command, std::vector<std::string> arguments) {
  if (command == "train") return parse_train(std::move(arguments));
  if (command == "bench") return parse_simple(bench_syntax, std::move(arguments));
  if (command == "eval") return parse_simple(eval_syntax, std::move(arguments));
  if (command == "predict") return parse_simple(predict_syntax, std::move(arguments));
  if (command == "info") return parse_simple(info_syntax, std::move(arguments));
  if (command == "export") return parse_simple(export_syntax, std::move(arguments));
  if (command == "lab") return parse_simple(lab_syntax, std::move(arguments));
  if (command == "selftest") return parse_simple(selftest_syntax, std::move(arguments));
  throw UsageError(
      fmt::format("unknown command {}{}", in_quotes(command), suggestion(command, kCommands)));
}

}  // namespace

Command parse_command_line(std::vector<std::string> arguments) {
  std::string command = "train";
  if (!arguments.empty() && !arguments.front().starts_with('-')) {
    command = std::move(arguments.front());
    arguments.erase(arguments.begin());
  }
  return parse_named(command, std::move(arguments));
}

std::string command_of(std::span<const std::string> arguments) {
  if (arguments.empty() || std::ranges::find(kCommands, arguments.front()) == kCommands.end()) {
    return {};
  }
  return arguments.front();
}

}  // namespace trp
