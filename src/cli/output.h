#pragma once

#include <optional>
#include <string_view>

#include "trp/cli/options.h"
#include "trp/report/line_writer.h"
#include "trp/report/progress.h"
#include "trp/report/run.h"

namespace trp {

/// Where the output of a training goes: results to standard output and the log, talk and the
/// progress bar to standard error.
class Output {
 public:
  /// Empties the log file, if there is one. Throws Error if it cannot be opened.
  Output(const OutputOptions& options, int epochs);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const RunEvents& events() const { return events_; }

  /// For everyone.
  void say(std::string_view text);
  /// For those who did not ask for quiet.
  void hint(std::string_view text);
  /// For those who asked for more.
  void detail(std::string_view text);

  /// Throws Error if the log could not be kept.
  void close();

 private:
  bool quiet() const { return options_.verbosity == Verbosity::kQuiet; }
  RunEvents standard_output_reporter();
  RunEvents progress_reporter();

  OutputOptions options_;
  LineWriter out_;
  LineWriter err_;
  std::optional<LineWriter> log_;
  std::optional<ProgressBar> bar_;
  RunEvents events_;
};

}  // namespace trp
