#pragma once

#include "cli/command_syntax.h"
#include "cli/options.h"

namespace trp {

/// Options about the options.
struct MetaOptions {
  std::string config;
  bool print_config = false;
};

/// What `train` understands. It writes to the arguments.
CommandSyntax train_syntax(TrainCommandOptions& options, MetaOptions& meta);

/// The groups of options that say what is trained on what, how, and by whom: Data, Model, Training,
/// Parallelism.
std::vector<OptionGroup> train_groups(TrainCommandOptions& options);

}  // namespace trp
