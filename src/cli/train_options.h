#pragma once

#include <string>
#include <vector>

#include "trp/cli/option.h"
#include "trp/cli/options.h"

namespace trp {

/// Options about the options.
struct MetaOptions {
  std::string config;
  bool print_config = false;
};

/// The options of `train`, in the order of --help. They write to the arguments.
std::vector<OptionGroup> train_option_groups(TrainCommandOptions& options, MetaOptions& meta);

/// Throws UsageError if options that are each right do not go together.
void check_together(const TrainCommandOptions& options);

}  // namespace trp
