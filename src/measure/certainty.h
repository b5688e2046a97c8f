#pragma once

#include <vector>

#include "measure/statistics.h"

namespace trp {

// On a busy machine other programs lengthen turns. What is said of the times of a race is certain
// if it would be said of the times without others, too. Those are not known, but they lie between
// `seconds - lost` and `seconds`. `Timed` is a struct with these two, such as Contender.

/// Below this share of lost seconds a machine is as good as one of our own.
inline constexpr double kMaxLostShare = 0.02;

/// Returns the share of their seconds that others may have cost the contenders, on average.
template <class Timed>
double lost_share(const std::vector<Timed>& timed) {
  double sum = 0;
  for (const Timed& each : timed)
    if (!each.lost.empty()) sum += mean(each.lost) / mean(each.seconds);
  return timed.empty() ? 0 : sum / static_cast<double>(timed.size());
}

/// Returns whether conclude(timed) is the same when lost seconds, some or all of them, are given
/// back to one of the contenders, or to all but that one; or whether hardly any are lost.
template <class Timed, class Conclude>
bool is_certain(const std::vector<Timed>& timed, const Conclude& conclude) {
  if (lost_share(timed) < kMaxLostShare) return true;
  const auto concluded = conclude(timed);
  for (std::size_t one = 0; one < timed.size(); ++one)
    for (const bool is_alone : {true, false})
      for (const double share : {0.25, 0.5, 0.75, 1.0}) {
        std::vector<Timed> other = timed;
        for (std::size_t i = 0; i < other.size(); ++i)
          for (std::size_t round = 0; round < other[i].lost.size(); ++round)
            if ((i == one) == is_alone) other[i].seconds[round] -= share * other[i].lost[round];
        if (conclude(other) != concluded) return false;
      }
  return true;
}

}  // namespace trp
