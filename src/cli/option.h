#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trp {

/// One option: the only place that says how it is spelled, what it does and how it is explained.
/// Command line, configuration file, --help and --print-config are all made from it.
struct Option {
  std::string short_name = {};  // "-d"
  std::string name;             // "data": --data on the command line, data in a file
  std::string alias = {};       // another long name
  std::string value = {};       // stands for the value in --help; a switch has none
  std::string help = {};        // empty: the next option's help is for this one too
  /// Throws UsageError "expected …, found …". Switches get "true" or "false".
  std::function<void(const std::string&)> set = {};
  /// What set() would take, or nothing if it is not set. Absent: not part of a configuration.
  std::function<std::optional<std::string>()> get = {};
};

struct OptionGroup {
  std::string title;
  std::vector<Option> options;
};

/// An option as somebody gave it.
struct Assignment {
  std::string name;
  std::string value;
  std::string where;  // "--workers", "train.conf:3: workers"
};

/// The option of this name or alias, or null.
const Option* find_option(std::span<const OptionGroup> groups, std::string_view name);

/// Sets the options in the order in which they were given. Errors say where.
void assign(std::span<const OptionGroup> groups, std::span<const Assignment> assignments);

}  // namespace trp
