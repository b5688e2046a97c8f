#pragma once

#include <istream>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace trp {

/// Returns a value as it is written there: in quotes, unless it is a number or true or false.
std::string toml_value(const std::string& value);

/// The configuration file of an app: lines "name = value", as in TOML without sections, and
/// comments that begin with #. Values may be in quotes; what CLI11 reads of TOML itself would cut a
/// "#" and a comma within them, and name no line when something is wrong.
class ConfigFile : public CLI::Config {
 public:
  /// Reads files for this app, which must outlive the reader.
  explicit ConfigFile(const CLI::App& app) : app_(app) {}

  /// Returns the values that the command line leaves open. Throws CLI::ConfigError, which names
  /// file and line, and Error if the file is too large to be a configuration.
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

  /// Returns a file that holds every option as it is now, under the titles of their groups.
  std::string to_config(const CLI::App* app, bool, bool, std::string) const override;

  /// Returns where the value of an option, as CLI11 names it, comes from: "train.conf:3: epochs" if
  /// it is from the file, else the option's name.
  std::string origin(const std::string& option) const;

 private:
  CLI::ConfigItem parse_line(std::string_view line) const;

  const CLI::App& app_;
  mutable std::map<std::string, std::string> origins_;
};

}  // namespace trp
