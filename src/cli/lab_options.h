#pragma once

#include "cli/command_syntax.h"
#include "cli/options.h"

namespace trp {

CommandSyntax lab_syntax(LabCommandOptions& options);

}  // namespace trp
