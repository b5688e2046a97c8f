#pragma once

#include <vector>

#include "strategy/phase.h"

namespace trp {

/// A phase of a worker from its beginning to its end, in seconds from the beginning of training.
/// Slices of a worker are nested: none ends after the one that it has begun in.
struct Slice {
  Phase phase = Phase::kOther;
  int item = -1;  // the micro-batch in a pipeline; −1: none
  int step = -1;  // of the training, from 0
  int depth = 0;  // how many slices it lies in
  double begin = 0;
  double end = 0;
};

/// What a worker did in the traced steps, outer slices before those in them. A fork-join is a slice
/// Phase::kBarrier around the tasks of each worker that it concerns.
std::vector<Slice> worker_slices(const PhaseRecorder& recorder, int worker);

/// The same without nesting: at any time only what was innermost. Slices that touch are one if they
/// differ in nothing.
std::vector<Slice> flatten(const std::vector<Slice>& slices);

/// The traced step that took the median time; −1 when there is none.
int typical_step(const PhaseRecorder& recorder);

}  // namespace trp
