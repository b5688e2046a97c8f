#pragma once

#include <span>

namespace trp {

/// An estimate, and the bounds of an interval that holds the true value with some confidence.
/// Where there are too few values to tell, the interval is 0 to infinity.
struct Estimate {
  double value = 0;
  double lower = 0;
  double upper = 0;
};

// Ratios of times a to times b, all above 0, at least one of each, with intervals by the percentile
// bootstrap (Efron & Tibshirani, "An introduction to the bootstrap", 1993, chapter 13): the median
// is taken anew of 10,000 samples drawn with replacement. The draws depend on nothing but how many
// values there are, so the same times give the same interval.

/// The median of a[i] / b[i], of pairs that were timed side by side, so that a busy spell of the
/// machine meets both.
Estimate paired_ratio(std::span<const double> a, std::span<const double> b, double confidence);

/// The median of a over the median of b, which were timed apart.
Estimate ratio_of_medians(std::span<const double> a, std::span<const double> b, double confidence);

}  // namespace trp
