#pragma once

#include <string>
#include <vector>

#include "system/line_writer.h"
#include "train/selftest.h"

namespace trp {

/// A check of the machine that has been made.
struct CheckReport {
  std::string name;
  CheckResult result;
  double seconds = 0;
};

/// One line for people.
void write_check_text(LineWriter& out, const CheckReport& check, bool color);

struct SelftestReport {
  std::string version;
  std::string simd;
  int cpus = 1;
  std::vector<CheckReport> checks;

  bool ok() const;
};

/// One JSON document, schema 1. A field is never renamed.
void write_selftest_json(LineWriter& out, const SelftestReport& report);

}  // namespace trp
