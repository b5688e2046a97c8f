#pragma once

#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "measure/race.h"
#include "profile/recorder.h"
#include "trp/train.h"

namespace trp {

/// The same training twice: sequentially, and with a strategy and workers.
struct Comparison {
  double sequential_seconds = 0;
  double parallel_seconds = 0;
  int workers = 1;
  bool same_bits = false;  // the weights of both have the same digest
  double lost_share = 0;   // of the time, which others' use of the CPUs has cost at most
  bool is_certain = true;  // that could not have made the faster one slower

  double speedup() const { return sequential_seconds / parallel_seconds; }
};

/// Tells what each step took, of a training whose every step it is asked for.
struct StepTimer {
  double before = 0;  // seconds of the epoch

  double seconds_of(const StepReport& step) {
    const double begin = std::exchange(before, step.seconds);
    return step.seconds - (step.batch > 1 ? begin : 0);
  }
};

/// Makes the steps of another training once more, sequentially. The two take turns of some tens of
/// milliseconds, so that a busy spell of the machine meets both. Belongs to the thread of the other
/// training, whose recorder does not see it.
class SequentialTwin {
 public:
  /// The recorder may be null; both trainings may use so many CPUs, and begin with `first`.
  SequentialTwin(const Recipe& recipe, const Dataset& samples, ThreadPool& pool, int cpus,
                 PhaseRecorder* recorder, std::optional<TrainState> first = std::nullopt);

  /// To be called after each step of the other training. When its turn is over, makes as many steps
  /// as it has; leaves off when `stop` becomes true.
  void follow(const StepReport& step, const std::atomic<bool>& stop);

  /// Makes the steps that are left once the other training is over, and compares the two.
  Comparison compare(const TrainResult& other);

 private:
  void take_turn(const std::atomic<bool>& stop);

  PhaseRecorder* recorder_;
  ThreadPool& pool_;
  Trainer trainer_;
  LossMeter meter_;
  std::vector<Contender> contenders_;  // the other training and this one
  StepTimer other_timer_, own_timer_;
  int steps_behind_ = 0;
  double other_seconds_ = 0;  // of the turn
};

}  // namespace trp
