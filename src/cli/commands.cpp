#include "trp/cli/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <new>
#include <string>

#include "trp/core/error.h"
#include "trp/report/line_writer.h"

namespace trp {
namespace {

int write_text(const TextCommand& command) {
  std::string_view text = command.text;
  if (text.ends_with('\n')) text.remove_suffix(1);
  LineWriter(STDOUT_FILENO, "standard output").write_line(text);
  return kExitDone;
}

struct Runner {
  int operator()(const TextCommand& command) const { return write_text(command); }
  int operator()(const TrainCommandOptions& options) const { return run_train(options); }
  int operator()(const BenchCommandOptions& options) const { return run_bench_command(options); }
  int operator()(const EvalCommandOptions& options) const { return run_eval(options); }
  int operator()(const PredictCommandOptions& options) const { return run_predict(options); }
  int operator()(const InfoCommandOptions& options) const { return run_info(options); }
  int operator()(const ExportCommandOptions& options) const { return run_export(options); }
  int operator()(const LabCommandOptions& options) const { return run_lab(options); }
};

bool is_open(int descriptor) { return fcntl(descriptor, F_GETFD) >= 0; }

}  // namespace

void secure_standard_streams() {
  signal(SIGPIPE, SIG_IGN);
  const bool output_lost = !is_open(STDOUT_FILENO);
  // open() hands out the lowest descriptor that is free.
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (!is_open(descriptor)) open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  }
  if (output_lost) throw Error("standard output is closed, so results would be lost");
}

int run(const Command& command) { return std::visit(Runner(), command); }

int report_error(const std::exception& error) {
  LineWriter err(STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore);
  if (dynamic_cast<const OutputClosed*>(&error)) return kExitSignalBase + SIGPIPE;
  if (dynamic_cast<const std::bad_alloc*>(&error)) {
    err.write_line(
        "tensor_relu_parallel: out of memory; a smaller --batch-size, --hidden or --limit needs "
        "less");
    return kExitFailed;
  }
  err.write_line(fmt::format("tensor_relu_parallel: {}", error.what()));
  if (!dynamic_cast<const UsageError*>(&error)) return kExitFailed;
  err.write_line("Try: tensor_relu_parallel --help");
  return kExitUsage;
}

}  // namespace trp
