#pragma once

#include <array>
#include <span>

#include "profile/phases.h"
#include "train/words.h"
#include "trp/trainer.h"

namespace trp {

inline constexpr std::array<Word<TrainStatus>, 4> kStatusWords = {{
    {"completed", TrainStatus::kCompleted},
    {"interrupted", TrainStatus::kInterrupted},
    {"diverged", TrainStatus::kDiverged},
    {"early_stopped", TrainStatus::kEarlyStopped},
}};

inline constexpr std::array<Word<Phase>, kPhaseCount> kPhaseWords = {{
    {"load", Phase::kLoad},
    {"gather", Phase::kGather},
    {"forward", Phase::kForward},
    {"backward", Phase::kBackward},
    {"merge", Phase::kMerge},
    {"merge_wait", Phase::kMergeWait},
    {"barrier", Phase::kBarrier},
    {"sgd", Phase::kSgd},
    {"evaluation", Phase::kEvaluation},
    {"other", Phase::kOther},
    {"asleep", Phase::kAsleep},
}};

constexpr std::span<const Word<TrainStatus>> words_of(TrainStatus) { return kStatusWords; }
constexpr std::span<const Word<Phase>> words_of(Phase) { return kPhaseWords; }

}  // namespace trp
