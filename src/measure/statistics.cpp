#include "measure/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace trp {

double mean(std::span<const double> values) {
  assert(!values.empty());
  const double first = values.front();  // from which little is lost by rounding
  double sum = 0;
  for (const double value : values) sum += value - first;
  return first + sum / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double center = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double quantile(std::span<const double> values, double share) {
  assert(!values.empty() && share >= 0 && share <= 1);
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

double median(std::span<const double> values) { return quantile(values, 0.5); }

int count_outliers(std::span<const double> values) {
  const double center = median(values);
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - center));
  const double bound = 14.826 * median(distances);
  return static_cast<int>(std::count_if(distances.begin(), distances.end(),
                                        [bound](double distance) { return distance > bound; }));
}

Spread spread_of(std::span<const double> values) {
  return {median(values), quantile(values, 0.25), quantile(values, 0.75)};
}

Spread rate(double amount, const Spread& seconds) {
  return {amount / seconds.median, amount / seconds.upper, amount / seconds.lower};
}

Spread scaled(const Spread& spread, double factor) {
  return {factor * spread.median, factor * spread.lower, factor * spread.upper};
}

double efficiency(double speedup, int workers) { return speedup / workers; }

double karp_flatt(double speedup, int workers) {
  if (workers <= 1) return 0;
  const double share = 1.0 / workers;
  return (1 / speedup - share) / (1 - share);
}

std::optional<double> serial_fraction(double speedup, int workers) {
  if (workers <= 1 || !(speedup >= 1)) return std::nullopt;
  return karp_flatt(speedup, workers);
}

double amdahl_speedup(double serial_fraction, int workers) {
  return 1 / (serial_fraction + (1 - serial_fraction) / workers);
}

double fit_amdahl(std::span<const SpeedupPoint> points) {
  // 1/S − 1/W = f · (1 − 1/W): a line through the origin.
  double products = 0;
  double squares = 0;
  for (const SpeedupPoint& point : points) {
    const double parallel_share = 1 - 1.0 / point.workers;
    products += parallel_share * (1 / point.speedup - 1.0 / point.workers);
    squares += parallel_share * parallel_share;
  }
  return squares > 0 ? std::clamp(products / squares, 0.0, 1.0) : 0;
}

}  // namespace trp
