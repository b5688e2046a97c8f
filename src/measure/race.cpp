#include "measure/race.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "profile/clock.h"

namespace trp {
namespace {

constexpr int kMinRounds = 3;

double seconds_of(const Work& work, long calls) {
  const Stopwatch stopwatch;
  for (long call = 0; call < calls; ++call) work();
  return stopwatch.seconds();
}

/// The first turn warms up and finds how many calls the later ones are to make.
Turn repeated(Work work) {
  return [work = std::move(work), calls = 0L](double seconds) mutable {
    if (calls > 0) return seconds_of(work, calls) / static_cast<double>(calls);
    work();
    calls = 1;
    double elapsed = seconds_of(work, calls);
    for (; elapsed < seconds / 2; elapsed = seconds_of(work, calls)) calls *= 2;
    return elapsed / static_cast<double>(calls);
  };
}

/// Returns false if the turn was stopped.
bool take_turn(Contender& contender, double seconds) {
  const std::optional<double> taken = contender.turn(seconds);
  if (taken) contender.seconds.push_back(*taken);
  return taken.has_value();
}

}  // namespace

void Race::add(Contender contender, Work work) {
  contender.turn = repeated(std::move(work));
  contenders.push_back(std::move(contender));
}

void Race::run(const RaceOptions& options) {
  const Stopwatch stopwatch;
  const double turn_seconds =
      options.seconds / static_cast<double>(contenders.size()) / options.rounds;
  const auto forget_since = [&](int round) {
    for (Contender& contender : contenders)
      contender.seconds.resize(
          std::min(contender.seconds.size(), static_cast<std::size_t>(std::max(round, 0))));
  };
  int turns_taken = 0;
  bool stopped = false;
  for (int round = -options.warmup; round < options.rounds && !stopped; ++round) {
    if (round >= kMinRounds && options.seconds > 0 && stopwatch.seconds() > 2 * options.seconds)
      break;
    for (Contender& contender : contenders) {
      stopped = !take_turn(contender, turn_seconds);
      if (stopped || (round < 0 && &contender == &contenders.back())) forget_since(round);
      if (stopped) break;
      if (options.after_turn) options.after_turn(++turns_taken);
    }
  }
  for (Contender& contender : contenders) contender.turn = nullptr;
}

const Contender& Race::find(const ContenderId& id) const {
  const auto found = std::ranges::find_if(contenders, [&](const Contender& contender) {
    return contender.name == id.name && contender.workers == id.workers;
  });
  if (found == contenders.end())
    throw std::out_of_range(fmt::format("no contender {} with {} workers", id.name, id.workers));
  return *found;
}

Spread Race::seconds(const ContenderId& id) const { return spread_of(find(id).seconds); }

Spread Race::per_second(const ContenderId& id) const { return rate(find(id).amount, seconds(id)); }

Spread Race::speedup(const ContenderId& id, const ContenderId& base) const {
  const Contender& a = find(id);
  const Contender& b = find(base);
  std::vector<double> ratios;
  for (std::size_t round = 0; round < a.seconds.size(); ++round)
    ratios.push_back(b.seconds[round] / a.seconds[round]);
  return scaled(spread_of(ratios), a.amount / b.amount);
}

}  // namespace trp
