#include "cli/output.h"

#include <unistd.h>

#include <new>

namespace trp {

Output::Output(const OutputOptions& options, Outputs& outputs) : options_(options) {
  const bool color = use_color(options.color, STDERR_FILENO);
  if (!options_.quiet) {
    settings_.reporter = settings_reporter(err_, {.color = color, .pictures = options.verbose});
  }
  results_.reporter = results_reporter();
  if (const auto log = outputs.find("--log"); log != outputs.end()) {
    log_.emplace(log->second);
    logged_.reporter = json_lines_reporter(*log_, options.log_interval);
  }
  if (options.progress && !options_.quiet && is_terminal(STDERR_FILENO)) {
    bar_.emplace(STDERR_FILENO, color);
    progress_.reporter = [this](const RunEvent& event) { bar_->report(event); };
    // Standard output may be the same terminal.
    out_.before_line = err_.before_line = [this] { bar_->clear(); };
  }
}

Reporter Output::results_reporter() {
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

void Output::report(const RunEvent& event) {
  for (Listener* listener : {&settings_, &results_, &logged_, &progress_, &other_}) {
    if (!listener->reporter || listener->failure) continue;
    try {
      listener->reporter(event);
    } catch (const std::exception&) {
      listener->failure = std::current_exception();
      if (listener == &logged_)
        say("warning: {} takes no more lines; training goes on", options_.log);
    }
  }
}

bool Output::is_written(const std::string& path, const std::function<void()>& write,
                        bool is_known) {
  std::string failure;
  try {
    write();
    return true;
  } catch (const std::bad_alloc&) {
    failure = fmt::format("{}: cannot be written: out of memory", path);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (!is_known) say("{}", failure);
  return false;
}

void Output::close() {
  for (const std::exception_ptr& failure : {results_.failure, logged_.failure})
    if (failure) std::rethrow_exception(failure);
  if (log_) log_->close();
}

}  // namespace trp
