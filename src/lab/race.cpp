#include "lab/race.h"

#include <cmath>

#include <fmt/format.h>

#include "measure/statistics.h"
#include "profile/clock.h"

namespace trp {
namespace {

constexpr int kRounds = 9;
constexpr int kLeastRounds = 3;

double seconds_of(const Work& work, long calls) {
  const Stopwatch stopwatch;
  for (long call = 0; call < calls; ++call) work();
  return stopwatch.seconds();
}

/// How many calls take about so long, in powers of two.
long calls_that_take(const Work& work, double seconds) {
  long calls = 1;
  while (seconds_of(work, calls) < seconds / 2) calls *= 2;
  return calls;
}

}  // namespace

Spread spread_of(std::span<const double> values) {
  return {median(values), quantile(values, 0.25), quantile(values, 0.75)};
}

Spread rate(double amount, const Spread& seconds) {
  return {amount / seconds.median, amount / seconds.upper, amount / seconds.lower};
}

Spread scaled(const Spread& spread, double factor) {
  return {factor * spread.median, factor * spread.lower, factor * spread.upper};
}

Spread Race::time_of(std::size_t contender) const { return spread_of(seconds[contender]); }

Spread Race::speedup(std::size_t contender, std::size_t base) const {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < seconds[contender].size(); ++round)
    ratios.push_back(seconds[base][round] / seconds[contender][round]);
  return spread_of(ratios);
}

Race race(std::span<const Work> contenders, double seconds) {
  const Stopwatch stopwatch;
  const double share = seconds / static_cast<double>(contenders.size()) / kRounds;
  std::vector<long> calls;
  for (const Work& work : contenders) {
    work();
    calls.push_back(calls_that_take(work, share));
  }
  Race result;
  result.seconds.resize(contenders.size());
  for (int round = 0; round < kRounds; ++round) {
    if (round >= kLeastRounds && stopwatch.seconds() > 2 * seconds) break;
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const double elapsed = seconds_of(contenders[i], calls[i]);
      result.seconds[i].push_back(elapsed / static_cast<double>(calls[i]));
    }
  }
  return result;
}

bool is_faster(const Spread& speedup) { return speedup.lower > 1; }

bool is_slower(const Spread& speedup) { return speedup.upper < 1; }

std::string speed_text(const Spread& speedup, std::string_view base) {
  const std::string times = short_number(speedup.median);
  if (is_faster(speedup)) return fmt::format("{} times as fast as {}", times, base);
  if (is_slower(speedup)) return fmt::format("{} times as fast as {}, so slower", times, base);
  return fmt::format("about as fast as {} ({} times, {} to {})", base, times,
                     short_number(speedup.lower), short_number(speedup.upper));
}

std::string short_number(double value) {
  return std::abs(value) < 999.5 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value);
}

}  // namespace trp
