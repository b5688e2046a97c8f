#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/option.h"

namespace trp {

/// An argument that is known by its place.
struct Positional {
  std::string name;
  std::function<void(const std::string&)> set;
  bool required = true;
  bool repeated = false;  // takes all that is left; the last one only
};

/// What a command understands: the only source of its parsing and its --help. Setters write to the
/// options that the syntax was made for.
struct CommandSyntax {
  std::vector<std::string> usage;  // without the program's name, each a line
  std::string summary;             // lines
  std::vector<Positional> positionals;
  std::vector<OptionGroup> groups;
  std::string closing = {};  // lines after the options
  /// Throws UsageError if what was given does not go together.
  std::function<void()> check = [] {};
};

}  // namespace trp
