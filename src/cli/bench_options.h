#pragma once

#include "cli/command_syntax.h"
#include "cli/options.h"

namespace trp {

/// What `bench` understands. It writes to the options.
CommandSyntax bench_syntax(BenchCommandOptions& options);

}  // namespace trp
