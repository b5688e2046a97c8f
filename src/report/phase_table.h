#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "strategy/phase.h"

namespace trp {

/// "waiting at barriers"
std::string_view label_of(Phase phase);

/// Where the time of a training went: a row for each phase that took any, a column for each worker,
/// the last of many workers in one, and the share of all workers' time.
std::vector<std::string> phase_table(const PhaseTimes& times);

}  // namespace trp
