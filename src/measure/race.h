#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "measure/statistics.h"
#include "profile/cpu_time.h"

namespace trp {

using Work = std::function<void()>;

/// Takes a turn of about so many seconds, if there is a choice, and returns the seconds of one call
/// of the work; nothing if it was stopped before its end.
using Turn = std::function<std::optional<double>(double seconds)>;

/// One of several ways of doing the same kind of work.
struct Contender {
  std::string name = {};  // with the number of workers it tells this contender from the others
  int workers = 1;
  double amount = 1;      // of work that a call does
  std::string base = {};  // what tables compare it with, of one worker; empty: the first contender
  Turn turn = {};
  std::vector<double> seconds = {};  // of one call, in each round that counts
  std::vector<double> lost = {};     // how many of these others' use of the CPUs has cost, at most
  double idle_share = 0;             // of its workers' time, where that is measured
};

/// Measures what others' use of the CPUs costs contenders whose turns follow one another.
class LossMeter {
 public:
  /// The first turn begins now.
  explicit LossMeter(int cpus) : cpus_(cpus) {}

  /// Keeps what the contender has lost in the turn that ends now, whose seconds it has already.
  void charge(Contender& contender);

  /// Takes off what was lost though no others were there, for a thread that is woken waits too, and
  /// adds what other virtual machines have had. To be called once, after the last turn.
  void correct(std::vector<Contender>& contenders) const;

 private:
  const int cpus_;
  const MachineTimes machine_ = read_machine_times();
  const CpuTimes first_ = read_cpu_times();
  CpuTimes before_ = first_;
  double lost_ = 0;  // CPU seconds
};

struct ContenderId {
  std::string_view name;
  int workers = 1;
};

/// Returns how many times as much work `a` does in the same time as `b`, round by round.
Spread speedup(const Contender& a, const Contender& b);

struct RaceOptions {
  int warmup = 1;               // rounds that are not counted
  int rounds = 9;               // rounds that are
  double seconds = 0;           // for all turns together; 0: as many as they take
  bool back_and_forth = false;  // every other round in reverse, so that nobody is always first
  std::function<void(int turns_taken)> after_turn = {};  // may be empty
};

/// A stopwatch for contenders that take turns, so that a busy spell of the machine meets all of
/// them. Belongs to one thread.
struct Race {
  int cpus = 1;  // that contenders may use
  std::vector<Contender> contenders = {};
  bool correct = true;  // false once whoever checked a contender found it wrong

  /// Adds a contender whose turns are as many calls of `work` as take the time of a turn.
  void add(Contender contender, Work work);

  /// Times the contenders round by round. When the seconds are up twice over after three rounds
  /// that count, the others are left out; when a turn is stopped, the race ends and its round
  /// does not count. Forgets the turns in the end, so that the race may outlive what they need.
  /// Lost seconds are known for sure when it is over: until then wake-ups may count.
  void run(const RaceOptions& options);

  /// Throws std::out_of_range if there is no such contender.
  const Contender& find(const ContenderId& id) const;

  /// What one call takes.
  Spread seconds(const ContenderId& id) const;

  /// The amount of work done in a second.
  Spread per_second(const ContenderId& id) const;

  /// How many times as much work a contender does in the same time as another, round by round.
  Spread speedup(const ContenderId& id, const ContenderId& base) const;
};

}  // namespace trp
