#include "train/selftest.h"

#include <unistd.h>

#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include <fmt/color.h>

#include "cli/commands.h"
#include "cli/recipe_options.h"
#include "report/environment.h"
#include "report/json.h"
#include "system/line_writer.h"
#include "system/terminal.h"

namespace trp {
namespace {

std::string check_line(const CheckResult& check, bool color) {
  const auto style = check.ok ? fmt::fg(fmt::terminal_color::green)
                              : fmt::fg(fmt::terminal_color::red) | fmt::emphasis::bold;
  return fmt::format("{:<10} {} {}", check.name,
                     paint(color, style, fmt::format("{:<6}", check.ok ? "ok" : "FAILED")),
                     check.detail);
}

}  // namespace

CLI::App& add_selftest(CLI::App& app, SelftestOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "selftest",
      "Checks in a few seconds that this machine computes right.\n"
      "Compares products with Eigen's, gradients with central differences, the bits of every\n"
      "strategy and instruction set with one another and with recorded ones, trains a network "
      "that\n"
      "must learn, and reads back the model files that it writes. Needs no data.");
  add_format(command, options.format, {OutputFormat::kText, OutputFormat::kJson});
  add_color(command, options.color);
  command.footer(" (1, too, when a check failed)\n");
  return command;
}

int run_selftest(const SelftestOptions& options) {
  LineWriter out = standard_output();
  Json document = document_of("selftest", this_environment());
  bool all_ok = true;
  Json checks = Json::array();
  for (const SelfCheck& check : self_checks()) {
    const CheckResult result = run_check(check);
    all_ok = all_ok && result.ok;
    if (options.format == OutputFormat::kText)
      out.write_line(check_line(result, use_color(options.color, STDOUT_FILENO)));
    checks.push_back({{"name", result.name},
                      {"ok", result.ok},
                      {"detail", result.detail},
                      {"seconds", result.seconds}});
  }
  document.update({{"ok", all_ok}, {"checks", std::move(checks)}});
  if (options.format == OutputFormat::kJson) out.write_line(json_text(document));
  return all_ok ? kExitDone : kExitFailed;
}

}  // namespace trp
