#include "train/selftest.h"

#include <unistd.h>

#include <array>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/recipe_options.h"
#include "cli/values.h"
#include "nn/kernels.h"
#include "profile/clock.h"
#include "report/environment.h"
#include "report/selftest.h"
#include "system/cpu.h"
#include "system/line_writer.h"
#include "system/terminal.h"

namespace trp {
namespace {

constexpr std::array<Word<OutputFormat>, 2> kSelftestFormatWords = {{
    {"text", OutputFormat::kText},
    {"json", OutputFormat::kJson},
}};

}  // namespace

CLI::App& add_selftest(CLI::App& app, SelftestOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "selftest",
      "Checks in a few seconds that this machine computes right.\n"
      "Compares products with Eigen's, gradients with central differences, the bits of every\n"
      "strategy and instruction set, trains a network that must learn, and reads back the model\n"
      "files that it writes. Needs no data.");
  command.option_defaults()->group(kOutputGroup);
  add_word(command, "--format", options.format, kSelftestFormatWords, "of standard output");
  add_color(command, options.color);
  command.footer("\nExit codes: 0 all is well, 1 a check failed, 2 wrong usage\n");
  return command;
}

int run_selftest(const SelftestOptions& options) {
  LineWriter out = standard_output();
  const bool as_text = options.format == OutputFormat::kText;
  std::vector<CheckReport> checks;
  for (const SelfCheck& check : self_checks()) {
    const Stopwatch watch;
    CheckResult result = run_check(check);
    checks.push_back({std::string(check.name), std::move(result), watch.seconds()});
    if (as_text) write_check_text(out, checks.back(), use_color(options.color, STDOUT_FILENO));
  }
  if (!as_text) write_selftest_json(out, this_environment(), checks);
  return all_ok(checks) ? kExitDone : kExitFailed;
}

}  // namespace trp
