#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "measure/bench.h"
#include "report/bench_report.h"
#include "trp/dataset.h"
#include "trp/recipe.h"

namespace trp {

/// Another build of this program, or this one, whose trainings are processes of their own.
class OutsideProgram {
 public:
  /// The program is named by a path or looked up in PATH.
  explicit OutsideProgram(std::string program) : program_(std::move(program)) {}

  /// Trains once by the recipe, but for its batch size, and the plan of the row. Returns nothing if
  /// `stop` becomes true before the end. Throws Error if the program cannot be started, does not
  /// train, or does not tell of it as `--format json` does.
  std::optional<CaseRun> run(const Recipe& recipe, const BenchRow& row, const DataFiles& files,
                             const std::atomic<bool>& stop);

  /// What the program has told of itself: "0.1.0 (d22034749c3d), GCC 12.2.0"; empty before a run.
  const std::string& build() const { return build_; }

 private:
  std::string program_;
  std::string build_;
};

inline constexpr int kBaselineRuns = 20;  // rounds, for which an interval is some per cent wide

/// Adds --baseline, --beside and --max-slowdown.
void add_others(CLI::App& app, BenchCommandOptions& options);

/// Throws UsageError if these contradict others.
void check_others(const BenchCommandOptions& options);

/// Has both builds run by the same path. All that is referred to must outlive the bench.
void race_builds(BenchOptions& bench, OutsideProgram& own, OutsideProgram& baseline,
                 const DataFiles& files, const std::atomic<bool>& stop);

/// Says of each case that it is surely slower than --max-slowdown allows; returns whether one is.
bool says_slowdown(const BenchCommandOptions& options, const BenchContext& context,
                   const std::vector<BenchRow>& rows);

}  // namespace trp
