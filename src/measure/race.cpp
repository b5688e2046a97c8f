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

}  // namespace

Spread speedup(const Contender& a, const Contender& b) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < a.seconds.size(); ++round)
    ratios.push_back(b.seconds[round] / a.seconds[round]);
  return scaled(spread_of(ratios), a.amount / b.amount);
}

void LossMeter::charge(Contender& contender) {
  const CpuTimes now = read_cpu_times();
  const double lost = lost_cpu_seconds(before_, now, cpus_);
  // CPU time that was had is no bound of its own: workers that wait for one another may spin.
  contender.lost.push_back(contender.seconds.back() * lost / (now.wall - before_.wall));
  lost_ += lost;
  before_ = now;
}

void LossMeter::correct(std::vector<Contender>& contenders) const {
  constexpr double kMaxShare = 0.99;  // of a turn, which has done something
  const MachineTimes machine = read_machine_times();
  const double all = machine.cpus * (before_.wall - first_.wall);
  const double others = all - (machine.idle - machine_.idle) - (before_.own - first_.own);
  const double scale = others < lost_ ? std::max(0.0, others / lost_) : 1;
  const double stolen = (machine.stolen - machine_.stolen) / all;
  for (Contender& contender : contenders)
    for (std::size_t round = 0; round < contender.lost.size(); ++round) {
      const double seconds = contender.seconds[round];
      const double stolen_seconds = seconds * stolen * std::min(contender.workers, cpus_);
      contender.lost[round] =
          std::min(contender.lost[round] * scale + stolen_seconds, kMaxShare * seconds);
    }
}

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
      for (std::vector<double>* times : {&contender.seconds, &contender.lost})
        times->resize(std::min(times->size(), static_cast<std::size_t>(std::max(round, 0))));
  };
  LossMeter meter(cpus);
  int turns_taken = 0;
  bool stopped = false;
  for (int round = -options.warmup; round < options.rounds && !stopped; ++round) {
    if (round >= kMinRounds && options.seconds > 0 && stopwatch.seconds() > 2 * options.seconds)
      break;
    for (std::size_t place = 0; place < contenders.size(); ++place) {
      const bool is_reversed = options.back_and_forth && round % 2 != 0;
      Contender& contender = contenders[is_reversed ? contenders.size() - 1 - place : place];
      const std::optional<double> seconds = contender.turn(turn_seconds);
      stopped = !seconds;
      if (seconds) contender.seconds.push_back(*seconds);
      if (seconds) meter.charge(contender);
      if (stopped || (round < 0 && place + 1 == contenders.size())) forget_since(round);
      if (stopped) break;
      if (options.after_turn) options.after_turn(++turns_taken);
    }
  }
  meter.correct(contenders);
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
  return trp::speedup(find(id), find(base));
}

}  // namespace trp
