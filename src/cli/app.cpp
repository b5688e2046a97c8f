#include "cli/app.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <new>
#include <sstream>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include <fmt/ranges.h>

#include "cli/failure_message.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "cli/nearest.h"
#include "cli/say.h"
#include "cli/tune.h"
#include "cli/values.h"
#include "cluster/cluster.h"
#include "core/fail.h"
#include "core/text.h"
#include "system/line_writer.h"
#include "trp/error.h"

namespace trp {
namespace {

using Task = std::function<int()>;

/// CLI11 takes the next argument for the value of "--name=", which is empty.
std::vector<std::string> split_empty_values(std::vector<std::string> arguments) {
  std::vector<std::string> result;
  for (std::string& argument : arguments) {
    const bool is_empty_value = argument.size() > 3 && argument.starts_with("--") &&
                                argument.find('=') == argument.size() - 1;
    if (is_empty_value) argument.pop_back();
    result.push_back(std::move(argument));
    if (is_empty_value) result.emplace_back();
  }
  return result;
}

/// Only the first word names a command: leaves enabled the one that it names, and takes away what
/// stands for another spelling, "train" and "help".
void choose_command(CLI::App& app, std::vector<std::string>& arguments) {
  const auto is_first = [&arguments](std::string_view word) {
    return !arguments.empty() && arguments.front() == word;
  };
  if (is_first("help")) {
    while (is_first("help")) arguments.erase(arguments.begin());
    if (arguments.size() > 1 && !arguments[1].starts_with('-'))
      throw_unexpected("nothing after help " + arguments[0], arguments[1]);
    arguments.insert(arguments.begin() + !arguments.empty(), "--help");
  }
  std::vector<std::string> names = {"train", "help"};
  bool is_command = false;
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    names.push_back(command->get_name());
    command->disabled(!is_first(command->get_name()));
    is_command = is_command || !command->get_disabled();
  }
  if (is_first("train")) {
    arguments.erase(arguments.begin());
  } else if (!arguments.empty() && !arguments.front().starts_with('-') && !is_command) {
    fail_usage("unknown command {}{}", in_quotes(arguments.front()),
               suggestion(arguments.front(), names));
  }
}

/// Adds a command that becomes the task when it is named.
template <class Options>
void add_command(CLI::App& app, CLI::App& (*add)(CLI::App&, Options&), int (*run)(const Options&),
                 Task& task, Options initial = {}) {
  const auto options = std::make_shared<Options>(std::move(initial));
  CLI::App& command = add(app, *options);
  add_help(command);
  command.callback([options, run, &task] { task = [options, run] { return run(*options); }; });
}

/// Adds all commands. The task is to train unless another one is named; CLI11 calls the app back
/// then, too, so the options of training outlive the app.
void add_commands(CLI::App& app, TrainOptions& train, Task& task) {
  add_train(app, train);
  task = [&train] { return run_train(train); };
  app.option_defaults()->group("Arguments");  // not the last group of train
  add_command(app, add_eval, run_eval, task);
  add_command(app, add_predict, run_predict, task);
  add_command(app, add_tune, run_tune, task);
  BenchCommandOptions bench;
  bench.cluster = train.cluster;
  add_command(app, add_bench, run_bench_command, task, bench);
  add_command(app, add_lab, run_lab, task);
  add_command(app, add_convert, run_convert, task);
  add_command(app, add_export, run_export, task);
  add_command(app, add_info, run_info, task);
  add_command(app, add_selftest, run_selftest, task);
  add_manual(app);
}

/// Takes no memory.
void say_out_of_memory() {
  static constexpr std::string_view kText =
      "tensor_relu_parallel: out of memory; a smaller network, batch or data set needs less\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
}

std::terminate_handler terminate_otherwise = nullptr;

/// JSON values need memory to be destroyed, and what a destructor throws goes no further.
void end_without_memory() {
  if (!std::current_exception()) terminate_otherwise();
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

std::unique_ptr<CLI::App> make_app() {
  auto app = std::make_unique<CLI::App>("", "tensor_relu_parallel");
  app->option_defaults()->always_capture_default()->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast);
  app->formatter(std::make_shared<HelpFormatter>());
  app->failure_message(failure_message);
  return app;
}

std::string parse(CLI::App& app, std::vector<std::string> arguments) {
  choose_command(app, arguments);
  const auto is_flag = [](const CLI::Option* option) { return option->get_expected_min() == 0; };
  for (CLI::Option* flag : app.get_options(is_flag)) flag->check(true_or_false());
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    for (CLI::Option* flag : command->get_options(is_flag)) flag->check(true_or_false());
  arguments = split_empty_values(std::move(arguments));
  const std::string all = fmt::format("{} ", fmt::join(arguments, " "));
  const auto has_format = [&all](const std::string& word) {
    return all.find("--format " + word + ' ') != all.npos ||
           all.find("--format=" + word + ' ') != all.npos;
  };
  const OutputFormat version_format = has_format("json")  ? OutputFormat::kJson
                                      : has_format("csv") ? OutputFormat::kCsv
                                                          : OutputFormat::kText;
  std::ranges::reverse(arguments);  // as CLI11 wants it
  try {
    app.parse(std::move(arguments));
    return {};
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const bool is_version = dynamic_cast<const CLI::CallForVersion*>(&error) && !*error.what();
    if (is_version) return version_text(version_format);
    if (app.exit(error, out, err) == 0) return out.str();
    if (dynamic_cast<const CLI::FileError*>(&error)) throw Error(err.str());
    throw UsageError(err.str());
  }
}

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

namespace {

/// All ranks train and run bench; anything else is done by the first alone.
int run_on_rank(const std::vector<std::string>& arguments, Cluster& cluster) {
  Task task;
  TrainOptions train;
  train.cluster = &cluster;
  const std::unique_ptr<CLI::App> app = make_app();
  add_commands(*app, train, task);
  try {
    std::string text = parse(*app, arguments);
    const bool is_for_all = app->get_subcommands().empty() || app->got_subcommand("bench");
    if (cluster.rank() > 0 && !(is_for_all && text.empty())) return kExitDone;
    if (text.empty()) return task();
    while (text.ends_with('\n')) text.pop_back();
    standard_output().write_line(text);
    return kExitDone;
  } catch (const UsageError& error) {
    const bool is_named =
        !app->get_subcommands().empty() || (!arguments.empty() && arguments.front() == "train");
    say("{}", error.what());
    standard_error().write_line(
        fmt::format("Try: tensor_relu_parallel {}--help", is_named ? arguments.front() + " " : ""));
    cluster.give_up(error.what(), kExitUsage);
    return kExitUsage;
  }
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  terminate_otherwise = std::set_terminate(end_without_memory);
  Cluster cluster;
  try {
    const int code = run_on_rank(arguments, cluster);
    return cluster.rank() == 0 ? code : kExitDone;
  } catch (const std::exception& error) {
    const int code = report_error(error);
    cluster.give_up(error.what(), code);
    return code;
  }
}

int report_error(const std::exception& error) {
  if (dynamic_cast<const OutputClosed*>(&error)) return kExitSignalBase + SIGPIPE;
  if (dynamic_cast<const std::bad_alloc*>(&error)) {
    say_out_of_memory();
  } else {
    say("{}", error.what());
  }
  return kExitFailed;
}

}  // namespace trp
