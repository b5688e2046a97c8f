#include "cli/failure_message.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/config_file.h"
#include "cli/nearest.h"
#include "core/text.h"

namespace trp {
namespace {

/// The command that was named, or the app itself, which is train.
const CLI::App& chosen_command(const CLI::App& app) {
  return app.get_subcommands().empty() ? app : *app.get_subcommands().front();
}

/// "--learning-rate" is not near to any option, but what one is described as.
std::string described_option(const CLI::App& command, const std::string& name) {
  std::string words = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  std::ranges::replace(words, '-', ' ');
  constexpr std::size_t kMinLetters = 5;
  if (words.size() < kMinLetters) return {};
  const auto options = command.get_options([&words](const CLI::Option* option) {
    return option->nonpositional() && option->get_description().find(words) != std::string::npos;
  });
  return options.empty() ? "" : fmt::format("; did you mean {}?", options.front()->get_name());
}

std::string unexpected_argument(const CLI::App& command) {
  std::vector<std::string> spellings;
  std::string last_positional;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) spellings.push_back("--" + name);
    if (option->get_positional()) last_positional = option->get_name();
  }
  const std::vector<std::string> leftover = command.remaining();
  for (const std::string& argument : leftover) {
    if (!argument.starts_with('-') || argument == "-" || argument == "--") continue;
    const std::string name = argument.substr(0, argument.find('='));
    if (std::ranges::count(spellings, name) > 0) break;  // it stands after --
    const std::string near = suggestion(name, spellings);
    return fmt::format("unknown option {}{}", in_quotes(name),
                       near.empty() ? described_option(command, name) : near);
  }
  const std::string expected =
      last_positional.empty() ? "options only" : "nothing after " + last_positional;
  return fmt::format("expected {}, found {}", expected, in_quotes(leftover.front()));
}

std::string unreadable_config(const std::string& path) {
  const bool may_read = access(path.c_str(), R_OK) == 0;
  return fmt::format("--config: cannot read {}: {}", path,
                     may_read ? "expected a file" : std::generic_category().message(errno));
}

}  // namespace

std::string failure_message(const CLI::App* app, const CLI::Error& error) {
  const std::string text = error.what();
  const std::string name = text.substr(0, text.find_first_of(": "));
  if (dynamic_cast<const CLI::ExtrasError*>(&error))
    return unexpected_argument(chosen_command(*app));
  if (dynamic_cast<const CLI::RequiredError*>(&error))
    return fmt::format("expected {}, found the end of the command line", name);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error))
    return fmt::format("{}: expected a value, found the end of the command line", name);
  if (dynamic_cast<const CLI::ExcludesError*>(&error))
    return fmt::format("{} and {}: expected one of them", name,
                       text.substr(text.find(" excludes ") + 10));
  if (dynamic_cast<const CLI::RequiresError*>(&error))
    return fmt::format("{}: expected {} as well", name, text.substr(text.find(" requires ") + 10));
  if (dynamic_cast<const CLI::FileError*>(&error))
    return unreadable_config(app->get_config_ptr()->results().back());
  const auto* config = dynamic_cast<const ConfigFile*>(app->get_config_formatter().get());
  return config ? config->origin(name) + text.substr(name.size()) : text;
}

}  // namespace trp
