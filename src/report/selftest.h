#pragma once

#include <string>
#include <vector>

#include "report/environment.h"
#include "system/line_writer.h"
#include "train/selftest.h"

namespace trp {

/// A check of the machine that has been made.
struct CheckReport {
  std::string name;
  CheckResult result;
  double seconds = 0;
};

/// Writes one line for people.
void write_check_text(LineWriter& out, const CheckReport& check, bool color);

bool all_ok(const std::vector<CheckReport>& checks);

/// Writes all checks as one JSON document.
void write_selftest_json(LineWriter& out, const Environment& environment,
                         const std::vector<CheckReport>& checks);

}  // namespace trp
