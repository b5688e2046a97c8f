#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trp {

/// Makes the compiler compute the value, though nobody reads it, and forget what it knows of
/// memory, so that work is neither left out nor moved out of a loop.
template <class Value>
inline void keep(const Value& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

/// For the work that contenders share: compiled once, so that they differ in nothing else.
/// (Inlined, it may be vectorized for one and not for the other.)
#define TRP_SAME_CODE [[gnu::noinline]]

/// A median with the quartiles around it.
struct Spread {
  double median = 0;
  double lower = 0;
  double upper = 0;

  bool operator==(const Spread&) const = default;
};

/// At least one value.
Spread spread_of(std::span<const double> values);

/// amount / time: the larger the time, the smaller the rate.
Spread rate(double amount, const Spread& seconds);

/// factor · spread, factor ≥ 0.
Spread scaled(const Spread& spread, double factor);

using Work = std::function<void()>;

/// Times of contenders that ran in turn, so that a busy machine is busy for all of them.
struct Race {
  std::vector<std::vector<double>> seconds;  // [contender][round], of one call

  Spread time_of(std::size_t contender) const;

  /// How many times as fast as `base`, round by round.
  Spread speedup(std::size_t contender, std::size_t base) const;
};

/// Calls each contender once to warm up, then finds how many calls of each take about its share of
/// `seconds`, then times so many calls in each of the rounds: nine of them, three at least when
/// time is up before.
Race race(std::span<const Work> contenders, double seconds);

/// The quartiles agree that the speedup is more, or less, than 1.
bool is_faster(const Spread& speedup);
bool is_slower(const Spread& speedup);

/// "1.82 times as fast as …", "0.61 times as fast as …, so slower", "about as fast as … (1.02
/// times, 0.95 to 1.07)".
std::string speed_text(const Spread& speedup, std::string_view base);

/// Three figures: "0.00123", "12.3", "1234". For people.
std::string short_number(double value);

}  // namespace trp
