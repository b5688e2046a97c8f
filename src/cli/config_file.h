#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/option.h"

namespace trp {

// A configuration file is TOML without sections: lines "name = value" with the long names of
// options. A value is a number, true, false, or text in quotes: "…" with the escapes \" \\ \n \t,
// or '…' without any. Quotes may be left out where the value has no '#' and no quote. # begins a
// comment.

/// What a file says. Throws Error if it cannot be read, UsageError with file and line if a line
/// makes no sense, or a name is unknown or given twice.
std::vector<Assignment> read_config_file(const std::string& path,
                                         std::span<const OptionGroup> groups);

/// The same for the content of a file; `path` is for messages.
std::vector<Assignment> parse_config(std::string_view content, const std::string& path,
                                     std::span<const OptionGroup> groups);

/// All options and their present values, as a configuration file.
std::string config_text(std::span<const OptionGroup> groups);

}  // namespace trp
