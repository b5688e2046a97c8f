#pragma once

#include "cli/command_syntax.h"
#include "cli/options.h"

namespace trp {

// What the commands that work with saved models understand. They write to the options.

CommandSyntax eval_syntax(EvalCommandOptions& options);
CommandSyntax predict_syntax(PredictCommandOptions& options);
CommandSyntax info_syntax(InfoCommandOptions& options);
CommandSyntax export_syntax(ExportCommandOptions& options);

}  // namespace trp
