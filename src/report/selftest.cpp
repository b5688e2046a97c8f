#include "report/selftest.h"

#include <algorithm>
#include <utility>

#include <fmt/color.h>
#include <fmt/format.h>

#include "report/json.h"
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

bool all_ok(const std::vector<CheckReport>& checks) {
  return std::ranges::all_of(checks, [](const CheckReport& check) { return check.result.ok; });
}

void write_selftest_json(LineWriter& out, const Environment& environment,
                         const std::vector<CheckReport>& checks) {
  Json objects = Json::array();
  for (const CheckReport& check : checks) {
    objects.push_back({{"name", check.name},
                       {"ok", check.result.ok},
                       {"detail", check.result.detail},
                       {"seconds", check.seconds}});
  }
  Json document = document_of("selftest", environment);
  document.update({{"ok", all_ok(checks)}, {"checks", std::move(objects)}});
  out.write_line(to_text(document));
}

}  // namespace trp
