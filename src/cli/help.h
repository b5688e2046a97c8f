#pragma once

#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace trp {

/// What ends the title of a group of options that --help leaves out and --help-all shows.
inline constexpr std::string_view kAdvanced = " (advanced)";

/// Formats help: an option a line, as wide as the terminal, with its default.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

/// Adds -h, --help, --help-all and -V, --version to a command, which win over all else that is
/// given.
void add_help(CLI::App& app);

}  // namespace trp
