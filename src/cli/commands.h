#pragma once

#include <exception>

#include "cli/options.h"

namespace trp {

/// What the program ends with; a signal that stopped it gives 128 + its number.
enum ExitCode {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitDiverged = 3,
  kExitBoundNotMet = 4,
  kExitSignalBase = 128,
};

/// A write to a reader that has gone shall fail, not end the program: losing standard error is no
/// reason to stop. Makes sure that descriptors 0 to 2 are not handed out to files: a closed
/// standard input or error becomes /dev/null. Throws Error if standard output is closed, where
/// results would be lost.
void secure_standard_streams();

/// Does what was asked and returns the exit code.
int run(const Command& command);

int run_train(const TrainCommandOptions& options);
int run_bench_command(const BenchCommandOptions& options);
int run_eval(const EvalCommandOptions& options);
int run_predict(const PredictCommandOptions& options);
int run_info(const InfoCommandOptions& options);
int run_export(const ExportCommandOptions& options);
int run_lab(const LabCommandOptions& options);
int run_selftest(const SelftestCommandOptions& options);

/// Writes the error to standard error and returns the exit code that goes with it. `arguments` are
/// those of the program.
int report_error(const std::exception& error, std::span<const std::string> arguments);

}  // namespace trp
