#pragma once

#include "cli/command_syntax.h"
#include "cli/options.h"

namespace trp {

CommandSyntax selftest_syntax(SelftestCommandOptions& options);

}  // namespace trp
