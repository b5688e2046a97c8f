#pragma once

#include <string>

#include "cli/command_syntax.h"

namespace trp {

/// The text of --help. The present values of the options are shown as their defaults.
std::string help_text(const CommandSyntax& syntax);

}  // namespace trp
