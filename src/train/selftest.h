#pragma once

#include <span>
#include <string>
#include <string_view>

namespace trp {

/// What came of a check; run_check() adds the last two.
struct CheckResult {
  bool ok = false;
  std::string detail;  // what was compared, and how it came out; for people
  std::string name = {};
  double seconds = 0;
};

/// One thing that must be so on every machine. run() reads nothing but what it makes itself, a new
/// folder for temporary files among it, and takes less than a second.
struct SelfCheck {
  std::string_view name;
  CheckResult (*run)();
};

/// Returns all checks. The later ones rest on those before them.
std::span<const SelfCheck> self_checks();

/// Runs the check. An exception is a failure, with its message.
CheckResult run_check(const SelfCheck& check);

}  // namespace trp
