#pragma once

#include <span>
#include <string>

#include "trp/cli/option.h"

namespace trp {

/// The text of --help. The present values of the options are shown as their defaults.
std::string train_help(std::span<const OptionGroup> groups);

}  // namespace trp
