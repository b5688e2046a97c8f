#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "measure/bench.h"
#include "trp/dataset.h"

namespace trp {

// What bench does with other builds of this program, and with its runs of other times.

inline constexpr int kBaselineRuns = 40;  // rounds, for which an interval is some per cent wide

/// Adds --baseline, --beside and --max-slowdown.
void add_others(CLI::App& app, BenchCommandOptions& options);

/// Throws UsageError if these contradict others.
void check_others(const BenchCommandOptions& options);

/// Has the cases run by another build, too, which is named by a path or looked up in PATH: both
/// train in processes of their own, started the same way. The run throws Error if the program
/// cannot be started, does not train, or does not tell of it as `--format json` does. What is
/// referred to must outlive the bench.
void race_builds(BenchOptions& bench, const std::string& baseline, const DataFiles& files,
                 const std::atomic<bool>& stop);

/// Says of each case that it surely takes more than `bound` times as long as another build, or a
/// file that is judged; returns whether one does.
bool says_slowdown(double bound, const std::vector<BenchRow>& rows);

}  // namespace trp
