#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "profile/clock.h"
#include "report/environment.h"
#include "report/selftest.h"
#include "system/terminal.h"

namespace trp {

int run_selftest(const SelftestCommandOptions& options) {
  LineWriter out(STDOUT_FILENO, "standard output");
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
