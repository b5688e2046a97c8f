#pragma once

#include <atomic>

#include "profile/recorder.h"
#include "trp/train.h"

namespace trp {

/// The same training twice: sequentially, and with a strategy and workers.
struct Comparison {
  double sequential_seconds = 0;
  double parallel_seconds = 0;
  int workers = 1;
  bool same_bits = false;  // the weights of both have the same digest

  double speedup() const { return sequential_seconds / parallel_seconds; }
};

/// Makes the steps of another training once more, sequentially. The two take turns of some tens of
/// milliseconds, so that a busy spell of the machine meets both. Belongs to the thread of the other
/// training, whose recorder does not see it.
class SequentialTwin {
 public:
  /// The recorder may be null.
  SequentialTwin(const Recipe& recipe, const Dataset& samples, ThreadPool& pool,
                 PhaseRecorder* recorder);

  /// To be called after each step of the other training. When its turn is over, makes as many steps
  /// as it has; leaves off when `stop` becomes true.
  void follow(const StepReport& step, const std::atomic<bool>& stop);

  /// Makes the steps that are left once the other training, by so many workers, is over, and
  /// compares the two.
  Comparison compare(const TrainResult& other, int workers);

 private:
  void catch_up(const std::atomic<bool>& stop);

  PhaseRecorder* recorder_;
  Trainer trainer_;
  int steps_behind_ = 0;
  double turn_begin_ = 0;  // seconds of the epoch
};

}  // namespace trp
