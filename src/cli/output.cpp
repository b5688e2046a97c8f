#include "cli/output.h"

#include <unistd.h>

#include <new>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "report/csv.h"
#include "report/json.h"
#include "report/text.h"

namespace trp {

Output::Output(const OutputOptions& options, int epochs)
    : options_(options),
      out_(STDOUT_FILENO, "standard output"),
      err_(STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore) {
  const bool color = use_color(options.color, STDERR_FILENO);
  std::vector<RunEvents> reporters;
  if (!options_.quiet) {
    const SettingsStyle style = {.color = color, .pictures = options.verbose};
    reporters.push_back(until_failure(settings_reporter(err_, style), [] {}));
  }
  reporters.push_back(until_failure(standard_output_reporter(),
                                    [this] { out_failure_ = std::current_exception(); }));
  if (!options.log.empty()) {
    log_.emplace(options.log, "--log");
    reporters.push_back(until_failure(json_lines_reporter(*log_, options.log_interval), [this] {
      log_failure_ = std::current_exception();
      say(fmt::format("warning: {} takes no more lines; training goes on", options_.log));
    }));
  }
  if (options.progress && !options_.quiet && is_terminal(STDERR_FILENO)) {
    bar_.emplace(STDERR_FILENO, epochs, color);
    reporters.push_back(until_failure(progress_reporter(), [] {}));
    // Standard output may be the same terminal.
    out_.before_line = err_.before_line = [this] { bar_->clear(); };
  }
  events_ = fan_out(std::move(reporters));
}

RunEvents Output::standard_output_reporter() {
  switch (options_.format) {
    case OutputFormat::kJson:
      return json_document_reporter(out_);
    case OutputFormat::kJsonLines:
      return json_lines_reporter(out_, options_.log_interval);
    case OutputFormat::kCsv:
      return csv_reporter(out_);
    case OutputFormat::kText:
      break;
  }
  return text_reporter(out_, {.rows = !options_.quiet,
                              .log_interval = options_.log_interval,
                              .color = use_color(options_.color, STDOUT_FILENO)});
}

RunEvents Output::progress_reporter() {
  return {.start = [this](const RunStart&) { bar_->begin(); },
          .step = [this](const StepReport& step) { bar_->update(step); }};
}

void Output::say(std::string_view text) {
  err_.write_line(fmt::format("tensor_relu_parallel: {}", text));
}

void Output::hint(std::string_view text) {
  if (!options_.quiet) say(text);
}

void Output::detail(std::string_view text) {
  if (options_.verbose) err_.write_line(text);
}

bool Output::is_written(const std::string& path, const std::function<void()>& write) {
  try {
    write();
    return true;
  } catch (const std::bad_alloc&) {
    say(fmt::format("{}: cannot be written: out of memory", path));
  } catch (const std::exception& error) {
    say(error.what());
  }
  return false;
}

void Output::close() {
  for (const std::exception_ptr& failure : {out_failure_, log_failure_})
    if (failure) std::rethrow_exception(failure);
  if (log_) log_->close();
}

}  // namespace trp
