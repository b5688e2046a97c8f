#pragma once

#include <cstdint>

#include "profile/recorder.h"

namespace trp {

/// A scope records a phase for as long as it lasts. Without a recorder it costs a branch.
class PhaseScope {
 public:
  /// Records a phase of one worker. `item` is kept with the event.
  PhaseScope(PhaseRecorder* recorder, int worker, int phase, int item = -1)
      : PhaseScope(recorder, Extent::kWorker, worker, phase, item) {}

  /// Records a phase in which worker 0 does something and the others wait for it.
  static PhaseScope common(PhaseRecorder* recorder, int phase) {
    return {recorder, Extent::kCommon, 0, phase, -1};
  }

  /// Records a fork-join: a worker that has no task in it waits at its barrier.
  static PhaseScope fork_join(PhaseRecorder* recorder) {
    return {recorder, Extent::kForkJoin, 0, recorder ? recorder->roles_.barrier : 0, -1};
  }

  /// Records the next step, which traced events belong to.
  static PhaseScope step(PhaseRecorder* recorder) {
    return {recorder, Extent::kStep, 0, recorder ? recorder->roles_.rest : 0, -1};
  }

  ~PhaseScope() {
    if (recorder_) recorder_->leave(*this);
  }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  friend class PhaseRecorder;
  enum class Extent : std::uint8_t { kWorker, kCommon, kForkJoin, kStep };

  PhaseScope(PhaseRecorder* recorder, Extent extent, int worker, int phase, int item)
      : recorder_(recorder), extent_(extent), worker_(worker), phase_(phase), item_(item) {
    if (recorder_) recorder_->enter(*this);
  }

  PhaseRecorder* recorder_;
  Extent extent_;
  int worker_;
  int phase_;
  int item_;
  int outer_phase_ = 0;  // which the worker comes back to
  std::int64_t begin_ = 0;
};

}  // namespace trp
