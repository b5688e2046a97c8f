#pragma once

#include <span>
#include <string>

#include "report/tune.h"
#include "tune/importance.h"

namespace trp {

/// A page of a search: every trial, the path of the best, and which option mattered. `results` are
/// those of all rungs.
std::string tune_page(const TuneStart& start, const TuneSummary& summary,
                      std::span<const TrialResult> results, const std::string& command_line);

}  // namespace trp
