#pragma once

#include <optional>
#include <string>

#include <fmt/format.h>

namespace trp {

/// What to say of an accuracy below --min-accuracy; NaN is below everything.
inline std::optional<std::string> missed_bound(double accuracy, std::optional<double> bound) {
  if (!bound || accuracy >= *bound) return std::nullopt;
  return fmt::format("the test accuracy of {} is below --min-accuracy {}", accuracy, *bound);
}

}  // namespace trp
