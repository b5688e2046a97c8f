#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "cli/say.h"
#include "cli/train.h"
#include "report/progress.h"
#include "report/run.h"
#include "system/line_writer.h"
#include "system/outputs.h"

namespace trp {

/// Where the output of a training goes: results to standard output and the log, talk and the
/// progress bar to standard error.
class Output {
 public:
  /// Empties the log, which is one of the outputs if there is any, before its first line.
  Output(const OutputOptions& options, Outputs& outputs);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// Tells somebody else of events, too, from now on.
  void tell(Reporter reporter) { other_.reporter = std::move(reporter); }

  /// Tells all that want to know. What cannot be written is kept for close(), so that training can
  /// go on and be saved.
  void report(const RunEvent& event);

  /// Says something to everyone, with the progress bar out of the way.
  template <class... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    if (bar_) bar_->clear();
    trp::say(text, std::forward<Args>(args)...);
  }
  /// Says something to those who did not ask for quiet.
  template <class... Args>
  void hint(fmt::format_string<Args...> text, Args&&... args) {
    if (!options_.quiet) say(text, std::forward<Args>(args)...);
  }

  /// Whether standard output takes no more lines, so that training had better end.
  bool is_lost() const { return results_.failure != nullptr; }

  /// Returns false if write() throws, which is told at once, unless it is known: nobody may be
  /// reading what comes after.
  bool is_written(const std::string& path, const std::function<void()>& write,
                  bool is_known = false);

  /// Throws what standard output or the log has met: Error, or OutputClosed.
  void close();

 private:
  /// Somebody who is told of events until that fails.
  struct Listener {
    Reporter reporter = {};
    std::exception_ptr failure = nullptr;
  };

  Reporter results_reporter();

  OutputOptions options_;
  LineWriter out_ = standard_output();
  LineWriter err_ = standard_error();
  std::optional<LineWriter> log_;
  std::optional<ProgressBar> bar_;
  Listener settings_, results_, logged_, progress_, other_;
};

}  // namespace trp
