#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>

#include "measure/statistics.h"

namespace trp {

/// The median of a / b, round by round, so that a slow spell of the machine hits both.
inline double median_ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < a.size(); ++round) ratios.push_back(a[round] / b[round]);
  return median(ratios);
}

inline std::string with_spread(const std::vector<double>& values) {
  const Spread q = spread_of(values);
  const int digits = q.median < 10 ? 2 : q.median < 100 ? 1 : 0;
  return fmt::format("{:.{}f} ({:.{}f}–{:.{}f})", q.median, digits, q.lower, digits, q.upper,
                     digits);
}

}  // namespace trp
