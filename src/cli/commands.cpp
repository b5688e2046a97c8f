#include "cli/commands.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "system/line_writer.h"
#include "trp/error.h"

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
  int operator()(const SelftestCommandOptions& options) const { return run_selftest(options); }
};

/// Takes no memory.
void say_out_of_memory() {
  static constexpr std::string_view kText =
      "tensor_relu_parallel: out of memory; a smaller --batch-size, --hidden or --limit needs "
      "less\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
}

std::terminate_handler terminate_otherwise = nullptr;

/// JSON values need memory to be destroyed, and what a destructor throws goes no further.
void end_without_memory() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    say_out_of_memory();
    _exit(kExitFailed);
  } catch (...) {
    terminate_otherwise();
  }
}

bool is_open(int descriptor) { return fcntl(descriptor, F_GETFD) >= 0; }

}  // namespace

void secure_standard_streams() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond `ulimit -f` is an error of its write
  const bool output_lost = !is_open(STDOUT_FILENO);
  // open() hands out the lowest descriptor that is free.
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (!is_open(descriptor)) open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  }
  if (output_lost) throw Error("standard output is closed, so results would be lost");
}

int run(const Command& command) {
  terminate_otherwise = std::set_terminate(end_without_memory);
  return std::visit(Runner(), command);
}

int report_error(const std::exception& error, std::span<const std::string> arguments) {
  if (dynamic_cast<const OutputClosed*>(&error)) return kExitSignalBase + SIGPIPE;
  if (dynamic_cast<const std::bad_alloc*>(&error)) {
    say_out_of_memory();
    return kExitFailed;
  }
  LineWriter err(STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore);
  err.write_line(fmt::format("tensor_relu_parallel: {}", error.what()));
  if (!dynamic_cast<const UsageError*>(&error)) return kExitFailed;
  const std::string command = command_of(arguments);
  err.write_line(
      fmt::format("Try: tensor_relu_parallel {}{}--help", command, command.empty() ? "" : " "));
  return kExitUsage;
}

}  // namespace trp
