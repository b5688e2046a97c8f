#pragma once

#include <optional>
#include <span>

namespace trp {

/// Of measured times or rates. All functions here take at least one value, in any order.
double mean(std::span<const double> values);

/// The sample standard deviation, √(Σ(x − mean)² / (n − 1)); 0 for a single value.
double standard_deviation(std::span<const double> values);

/// The value below which a share of the others lies, between neighbours interpolated linearly
/// (type 7 of Hyndman & Fan, "Sample quantiles in statistical packages", 1996).
/// share: 0 … 1; 0.5 gives the median.
double quantile(std::span<const double> values, double share);

double median(std::span<const double> values);

/// How many values are outliers: farther from the median than 14.826 times the median distance from
/// it, ten standard deviations of a normal distribution (Iglewicz & Hoaglin, "How to detect and
/// handle outliers", 1993, with hyperfine's bound).
int count_outliers(std::span<const double> values);

/// A median with the quartiles around it.
struct Spread {
  double median = 0;
  double lower = 0;
  double upper = 0;

  bool operator==(const Spread&) const = default;
};

Spread spread_of(std::span<const double> values);

/// The spread of amount / time for times of this spread: the longer the time, the lower the rate.
Spread rate(double amount, const Spread& seconds);

/// The spread of factor · value. The factor is not negative.
Spread scaled(const Spread& spread, double factor);

/// The quartiles agree that a speedup is more, or less, than 1.
inline bool is_faster(const Spread& speedup) { return speedup.lower > 1; }
inline bool is_slower(const Spread& speedup) { return speedup.upper < 1; }

// What speedups tell. There are W workers, at least one; a speedup S is the sequential time over
// the parallel one.

/// S / W.
double efficiency(double speedup, int workers);

/// The serial fraction that explains S by Amdahl's law alone, (1/S − 1/W) / (1 − 1/W)
/// (Karp & Flatt, "Measuring parallel processor performance", CACM 1990); 0 for one worker.
/// Negative when the speedup is more than W.
double karp_flatt(double speedup, int workers);

/// The same, where Amdahl's law applies: not for one worker, nor for workers that are slower than
/// one.
std::optional<double> serial_fraction(double speedup, int workers);

/// 1 / (f + (1 − f) / W) for the serial fraction f (Amdahl, "Validity of the single processor
/// approach to achieving large scale computing capabilities", AFIPS 1967).
double amdahl_speedup(double serial_fraction, int workers);

struct SpeedupPoint {
  int workers = 1;
  double speedup = 1;
};

/// The serial fraction between 0 and 1 for which Amdahl's law comes closest to the points, in the
/// least squares of 1/S. 0 when no point has more than one worker. Its limit for many workers is
/// 1 / fraction.
double fit_amdahl(std::span<const SpeedupPoint> points);

}  // namespace trp
