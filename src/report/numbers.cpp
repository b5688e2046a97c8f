#include "report/numbers.h"

#include <algorithm>
#include <cmath>

#include <fmt/ranges.h>

namespace trp {

std::string grouped(std::int64_t value) {
  std::string text = fmt::format("{}", value);
  const std::ptrdiff_t first_digit = value < 0 ? 1 : 0;
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > first_digit; place -= 3) {
    text.insert(static_cast<std::size_t>(place), 1, ' ');
  }
  return text;
}

std::string with_unit(double value) {
  // 999.5 would be rounded to 1000.
  if (value < 999.5) return fmt::format("{:.0f}", value);
  for (const char* unit : {"k", "M"}) {
    value /= 1000;
    if (value < 9.995) return fmt::format("{:.2f} {}", value, unit);
    if (value < 99.95) return fmt::format("{:.1f} {}", value, unit);
    if (value < 999.5) return fmt::format("{:.0f} {}", value, unit);
  }
  return fmt::format("{:.3g} G", value / 1000);
}

std::string count_of(std::int64_t count, std::string_view thing) {
  const std::string_view plural = thing.ends_with("tch") ? "es" : "s";
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : plural);
}

std::string network_text(std::span<const std::int64_t> layers, std::int64_t parameter_count) {
  return fmt::format("{}, {} parameters", fmt::join(layers, " → "), grouped(parameter_count));
}

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

std::string short_percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.2f}%", 100 * share);
}

std::string loss_text(double loss) {
  if (std::isnan(loss)) return "nan";  // never "-nan"
  return std::abs(loss) < 1e5 ? fmt::format("{:.4f}", loss) : fmt::format("{:.1e}", loss);
}

std::string clock_text(double seconds) {
  constexpr double kMaxSeconds = 3600 * 9999;
  const auto whole = static_cast<std::int64_t>(std::clamp(std::ceil(seconds), 0.0, kMaxSeconds));
  const auto hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest)
                   : fmt::format("{}:{:02}", minutes, rest);
}

}  // namespace trp
