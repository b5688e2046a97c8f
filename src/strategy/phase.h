#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "profile/scope.h"

namespace trp {
namespace phases {

/// What a worker may be doing in a training. The enumerators convert to the numbers that a recorder
/// takes; the namespace keeps them from being spelled without "Phase::".
enum Phase : int {
  kLoad,       // waiting for a batch from the loaders
  kGather,     // copying samples into the batch
  kForward,    // computing outputs and losses
  kBackward,   // computing gradients, of weights too
  kMerge,      // adding gradients of shards to one another
  kMergeWait,  // waiting for a lock or a turn to do so
  kBarrier,    // waiting in a fork-join without a task, or for another stage of a pipeline
  kRanks,      // waiting for other ranks
  kSgd,        // updating weights, unless the product that makes their gradient does so
  kEvaluation,
  kOther,   // the rest; all workers but the first wait in it while that one works alone
  kAsleep,  // in a fork-join for which the worker had no CPU
};

}  // namespace phases

using phases::Phase;

/// The word of each phase, the same in tables, pictures, traces and JSON.
inline constexpr std::array<std::string_view, 12> kPhaseWords = {
    "data",     "gather", "forward", "backward",   "merge", "locks",
    "barriers", "ranks",  "update",  "evaluation", "rest",  "asleep"};

inline constexpr std::size_t kPhaseCount = kPhaseWords.size();

/// A worker gets on with the training in the phases that are work.
inline constexpr PhaseRoles kTrainingPhases = {
    .work = 1U << Phase::kGather | 1U << Phase::kForward | 1U << Phase::kBackward |
            1U << Phase::kMerge | 1U << Phase::kSgd | 1U << Phase::kOther,
    .rest = Phase::kOther,
    .barrier = Phase::kBarrier,
    .asleep = Phase::kAsleep};

}  // namespace trp
