#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "trp/plan.h"
#include "trp/recipe.h"
#include "trp/train.h"

namespace trp {

/// An enumerator and its word, which is the same in options, in JSON and in tables.
template <class Enum>
struct Word {
  std::string_view text;
  Enum value;
};

inline constexpr std::array<Word<StrategyKind>, 5> kStrategyWords = {{
    {"sequential", StrategyKind::kSequential},
    {"data", StrategyKind::kData},
    {"tensor", StrategyKind::kTensor},
    {"pipeline", StrategyKind::kPipeline},
    {"auto", StrategyKind::kAuto},
}};

inline constexpr std::array<Word<MergeKind>, 3> kMergeWords = {{
    {"factored", MergeKind::kFactored},
    {"ordered", MergeKind::kOrdered},
    {"arrival", MergeKind::kArrival},
}};

inline constexpr std::array<Word<PipelineScheduleKind>, 2> kPipelineScheduleWords = {{
    {"gpipe", PipelineScheduleKind::kGpipe},
    {"1f1b", PipelineScheduleKind::k1f1b},
}};

inline constexpr std::array<Word<Pinning>, 2> kPinningWords = {{
    {"none", Pinning::kNone},
    {"cores", Pinning::kCores},
}};

inline constexpr std::array<Word<RanksSplit>, 3> kRanksSplitWords = {{
    {"auto", RanksSplit::kAuto},
    {"outputs", RanksSplit::kOutputs},
    {"rows", RanksSplit::kRows},
}};

inline constexpr std::array<Word<LearningRateScheduleKind>, 5> kLearningRateScheduleWords = {{
    {"constant", LearningRateScheduleKind::kConstant},
    {"linear", LearningRateScheduleKind::kLinear},
    {"cosine", LearningRateScheduleKind::kCosine},
    {"step", LearningRateScheduleKind::kStep},
    {"triangle", LearningRateScheduleKind::kTriangle},
}};

inline constexpr std::array<Word<OptimizerKind>, 3> kOptimizerWords = {{
    {"sgd", OptimizerKind::kSgd},
    {"adam", OptimizerKind::kAdam},
    {"adamw", OptimizerKind::kAdamw},
}};

inline constexpr std::array<Word<ClassWeights>, 2> kClassWeightsWords = {{
    {"none", ClassWeights::kNone},
    {"balanced", ClassWeights::kBalanced},
}};

inline constexpr std::array<Word<Normalization>, 3> kNormalizationWords = {{
    {"none", Normalization::kNone},
    {"center", Normalization::kCenter},
    {"standard", Normalization::kStandard},
}};

inline constexpr std::array<Word<TrainStatus>, 4> kStatusWords = {{
    {"completed", TrainStatus::kCompleted},
    {"interrupted", TrainStatus::kInterrupted},
    {"diverged", TrainStatus::kDiverged},
    {"early_stopped", TrainStatus::kEarlyStopped},
}};

/// Kinds of augmentation, of which any number may be on.
inline constexpr std::array<Word<bool AugmentOptions::*>, 2> kAugmentWords = {{
    {"noise", &AugmentOptions::noise},
    {"shift", &AugmentOptions::shift},
}};

// The table of an enumeration's words.
constexpr std::span<const Word<StrategyKind>> words_of(StrategyKind) { return kStrategyWords; }
constexpr std::span<const Word<MergeKind>> words_of(MergeKind) { return kMergeWords; }
constexpr std::span<const Word<PipelineScheduleKind>> words_of(PipelineScheduleKind) {
  return kPipelineScheduleWords;
}
constexpr std::span<const Word<Pinning>> words_of(Pinning) { return kPinningWords; }
constexpr std::span<const Word<RanksSplit>> words_of(RanksSplit) { return kRanksSplitWords; }
constexpr std::span<const Word<LearningRateScheduleKind>> words_of(LearningRateScheduleKind) {
  return kLearningRateScheduleWords;
}
constexpr std::span<const Word<OptimizerKind>> words_of(OptimizerKind) { return kOptimizerWords; }
constexpr std::span<const Word<ClassWeights>> words_of(ClassWeights) { return kClassWeightsWords; }
constexpr std::span<const Word<Normalization>> words_of(Normalization) {
  return kNormalizationWords;
}
constexpr std::span<const Word<TrainStatus>> words_of(TrainStatus) { return kStatusWords; }

/// The word of an enumerator; empty if the table has none.
template <class Enum>
constexpr std::string_view word_of(std::span<const Word<Enum>> words, Enum value) {
  for (const Word<Enum>& word : words)
    if (word.value == value) return word.text;
  return {};
}

template <class Enum>
constexpr std::string_view word_of(Enum value) {
  return word_of(words_of(value), value);
}

/// The enumerator of a word; nothing if it is not in the table.
template <class Enum>
constexpr std::optional<Enum> value_of(std::span<const Word<Enum>> words, std::string_view text) {
  for (const Word<Enum>& word : words)
    if (word.text == text) return word.value;
  return std::nullopt;
}

/// "noise,shift", "none"
std::string augment_text(const AugmentOptions& augment);

/// "sequential", "data/factored", "tensor", "pipeline/1f1b", "ranks/outputs": what tells plans
/// apart, but for the number of workers.
std::string plan_name(const Plan& plan);

}  // namespace trp
