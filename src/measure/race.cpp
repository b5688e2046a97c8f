#include "measure/race.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "profile/clock.h"
#include "profile/cpu_time.h"

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

/// Measures what others' use of the CPUs costs turns.
class LossMeter {
 public:
  explicit LossMeter(int cpus) : cpus_(cpus) {}

  /// Keeps the loss of the turn since the last call.
  void charge(Contender& contender) {
    const CpuTimes now = read_cpu_times();
    const double wall = now.wall - before_.wall;
    const double had =
        (now.own - before_.own) / (cpus_ * wall);  // it would have taken this at least
    const double lost = lost_cpu_seconds(before_, now, cpus_);
    lost_ += lost;
    contender.lost.push_back(contender.seconds.back() * std::min(lost / wall, 1 - had));
    before_ = now;
  }

  /// Takes off what was lost though no others were there: a thread that is woken waits, too. Adds
  /// what other virtual machines have had.
  void correct(std::vector<Contender>& contenders) const {
    const MachineTimes end = read_machine_times();
    const double all = end.cpus * (before_.wall - first_.wall);
    const double others = all - (end.idle - begin_.idle) - (before_.own - first_.own);
    const double stolen = (end.stolen - begin_.stolen) / all;
    const double scale = others < lost_ ? std::max(0.0, others / lost_) : 1;
    for (Contender& contender : contenders)
      for (std::size_t round = 0; round < contender.lost.size(); ++round)
        contender.lost[round] =
            std::min(contender.lost[round] * scale +
                         contender.seconds[round] * stolen * std::min(contender.workers, cpus_),
                     kMaxLost * contender.seconds[round]);
  }

 private:
  static constexpr double kMaxLost = 0.99;  // of a turn: it has done something

  const int cpus_;
  const MachineTimes begin_ = read_machine_times();
  const CpuTimes first_ = read_cpu_times();
  CpuTimes before_ = first_;
  double lost_ = 0;  // CPU seconds
};

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
      for (std::vector<double>* times : {&contender.seconds, &contender.lost})
        times->resize(std::min(times->size(), static_cast<std::size_t>(std::max(round, 0))));
  };
  LossMeter meter(cpus);
  int turns_taken = 0;
  bool stopped = false;
  for (int round = -options.warmup; round < options.rounds && !stopped; ++round) {
    if (round >= kMinRounds && options.seconds > 0 && stopwatch.seconds() > 2 * options.seconds)
      break;
    for (Contender& contender : contenders) {
      const std::optional<double> seconds = contender.turn(turn_seconds);
      stopped = !seconds;
      if (seconds) contender.seconds.push_back(*seconds);
      if (seconds) meter.charge(contender);
      if (stopped || (round < 0 && &contender == &contenders.back())) forget_since(round);
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
  const Contender& a = find(id);
  const Contender& b = find(base);
  std::vector<double> ratios;
  for (std::size_t round = 0; round < a.seconds.size(); ++round)
    ratios.push_back(b.seconds[round] / a.seconds[round]);
  return scaled(spread_of(ratios), a.amount / b.amount);
}

}  // namespace trp
