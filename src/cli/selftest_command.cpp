#include <unistd.h>

#include "cli/commands.h"
#include "cli/version.h"
#include "nn/kernels.h"
#include "profile/clock.h"
#include "report/selftest.h"
#include "system/cpu.h"
#include "system/terminal.h"

namespace trp {

int run_selftest(const SelftestCommandOptions& options) {
  LineWriter out(STDOUT_FILENO, "standard output");
  const bool as_text = options.format == OutputFormat::kText;
  SelftestReport report = {.version = std::string(program_version()),
                           .simd = simd_target_name(),
                           .cpus = available_cpus(),
                           .checks = {}};
  for (const SelfCheck& check : self_checks()) {
    const Stopwatch watch;
    CheckResult result = run_check(check);
    report.checks.push_back({std::string(check.name), std::move(result), watch.seconds()});
    if (as_text) {
      write_check_text(out, report.checks.back(), use_color(options.color, STDOUT_FILENO));
    }
  }
  if (!as_text) write_selftest_json(out, report);
  return report.ok() ? kExitDone : kExitFailed;
}

}  // namespace trp
