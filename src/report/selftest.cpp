#include "report/selftest.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/json_values.h"
#include "system/terminal.h"

namespace trp {

void write_check_text(LineWriter& out, const CheckReport& check, bool color) {
  const bool ok = check.result.ok;
  const auto style = ok ? fmt::fg(fmt::terminal_color::green)
                        : fmt::fg(fmt::terminal_color::red) | fmt::emphasis::bold;
  out.write_line(fmt::format("{:<10} {} {}", check.name,
                             paint(color, style, fmt::format("{:<6}", ok ? "ok" : "FAILED")),
                             check.result.detail));
}

bool SelftestReport::ok() const {
  return std::ranges::all_of(checks, [](const CheckReport& check) { return check.result.ok; });
}

void write_selftest_json(LineWriter& out, const SelftestReport& report) {
  Json checks = Json::array();
  for (const CheckReport& check : report.checks) {
    checks.push_back({{"name", check.name},
                      {"ok", check.result.ok},
                      {"detail", check.result.detail},
                      {"seconds", check.seconds}});
  }
  const Json document = {{"event", "selftest"},        {"schema", kSchema},
                         {"version", report.version},  {"simd", report.simd},
                         {"cpus", report.cpus},        {"ok", report.ok()},
                         {"checks", std::move(checks)}};
  out.write_line(document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace trp
