#pragma once

#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "report/json.h"

namespace trp {

/// What ends the title of a group of options that --help leaves out and --help-all shows.
inline constexpr std::string_view kAdvanced = " (advanced)";

/// Formats help: an option a line, as wide as the terminal, with its default.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

/// What the end of help says first of the exit codes.
inline constexpr std::string_view kExitCodes = "0 done, 1 failed, 2 wrong usage";

/// Returns what help calls the value of an option, as "FILE"; nothing for a flag.
std::string value_name(const CLI::Option& option);
/// Returns the description of an option with its other name and its default.
std::string option_help(const CLI::Option& option);

/// Returns what --version shows: what was built, of what and by what, and the machine.
std::string version_text(OutputFormat format);

/// Adds -h, --help, --help-all and -V, --version to a command, which win over all else that is
/// given.
void add_help(CLI::App& app);

}  // namespace trp
