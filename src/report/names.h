#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "profile/phases.h"
#include "trp/plan.h"
#include "trp/recipe.h"
#include "trp/trainer.h"

namespace trp {

/// An enumerator and its word, the same in options and in output.
template <class Enum>
struct Name {
  std::string_view word;
  Enum value;
};

inline constexpr std::array<Name<StrategyKind>, 4> kStrategyNames = {{
    {"sequential", StrategyKind::kSequential},
    {"data", StrategyKind::kData},
    {"tensor", StrategyKind::kTensor},
    {"pipeline", StrategyKind::kPipeline},
}};

inline constexpr std::array<Name<MergeKind>, 3> kMergeNames = {{
    {"factored", MergeKind::kFactored},
    {"ordered", MergeKind::kOrdered},
    {"arrival", MergeKind::kArrival},
}};

inline constexpr std::array<Name<PipelineScheduleKind>, 2> kPipelineScheduleNames = {{
    {"gpipe", PipelineScheduleKind::kGpipe},
    {"1f1b", PipelineScheduleKind::k1f1b},
}};

inline constexpr std::array<Name<Pinning>, 2> kPinningNames = {{
    {"none", Pinning::kNone},
    {"cores", Pinning::kCores},
}};

inline constexpr std::array<Name<LearningRateScheduleKind>, 4> kScheduleNames = {{
    {"constant", LearningRateScheduleKind::kConstant},
    {"linear", LearningRateScheduleKind::kLinear},
    {"cosine", LearningRateScheduleKind::kCosine},
    {"step", LearningRateScheduleKind::kStep},
}};

inline constexpr std::array<Name<TrainStatus>, 4> kStatusNames = {{
    {"completed", TrainStatus::kCompleted},
    {"interrupted", TrainStatus::kInterrupted},
    {"diverged", TrainStatus::kDiverged},
    {"early_stopped", TrainStatus::kEarlyStopped},
}};

inline constexpr std::array<Name<Phase>, kPhaseCount> kPhaseNames = {{
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

/// Kinds of augmentation, of which any number may be on.
inline constexpr std::array<Name<bool AugmentOptions::*>, 2> kAugmentNames = {{
    {"noise", &AugmentOptions::noise},
    {"shift", &AugmentOptions::shift},
}};

/// "noise,shift", "none"
inline std::string augment_text(const AugmentOptions& options) {
  std::string text;
  for (const auto& name : kAugmentNames) {
    if (!(options.*name.value)) continue;
    if (!text.empty()) text += ',';
    text += name.word;
  }
  return text.empty() ? "none" : text;
}

/// The word of an enumerator that is among the names.
template <class Enum>
constexpr std::string_view word_of(std::span<const Name<Enum>> names, Enum value) {
  for (const auto& name : names) {
    if (name.value == value) return name.word;
  }
  return {};
}

constexpr std::string_view word_of(StrategyKind value) {
  return word_of<StrategyKind>(kStrategyNames, value);
}
constexpr std::string_view word_of(MergeKind value) {
  return word_of<MergeKind>(kMergeNames, value);
}
constexpr std::string_view word_of(PipelineScheduleKind value) {
  return word_of<PipelineScheduleKind>(kPipelineScheduleNames, value);
}
constexpr std::string_view word_of(LearningRateScheduleKind value) {
  return word_of<LearningRateScheduleKind>(kScheduleNames, value);
}
constexpr std::string_view word_of(Phase value) { return word_of<Phase>(kPhaseNames, value); }
constexpr std::string_view word_of(TrainStatus value) {
  return word_of<TrainStatus>(kStatusNames, value);
}

/// "sequential", "data/factored", "tensor", "pipeline/1f1b"
inline std::string plan_name(const Plan& plan) {
  std::string name(word_of(plan.strategy));
  if (plan.strategy == StrategyKind::kData) name.append("/").append(word_of(plan.merge));
  if (plan.strategy == StrategyKind::kPipeline)
    name.append("/").append(word_of(plan.pipeline_schedule));
  return name;
}

}  // namespace trp
