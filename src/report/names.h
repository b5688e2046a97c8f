#pragma once

#include <array>
#include <span>

#include "train/words.h"
#include "trp/trainer.h"

namespace trp {

inline constexpr std::array<Word<TrainStatus>, 4> kStatusWords = {{
    {"completed", TrainStatus::kCompleted},
    {"interrupted", TrainStatus::kInterrupted},
    {"diverged", TrainStatus::kDiverged},
    {"early_stopped", TrainStatus::kEarlyStopped},
}};

constexpr std::span<const Word<TrainStatus>> words_of(TrainStatus) { return kStatusWords; }

}  // namespace trp
