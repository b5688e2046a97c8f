#include "train/words.h"

#include <fmt/format.h>

namespace trp {

std::string augment_text(const AugmentOptions& augment) {
  std::string text;
  for (const auto& word : kAugmentWords) {
    if (!(augment.*word.value)) continue;
    if (!text.empty()) text += ',';
    text += word.text;
  }
  return text.empty() ? "none" : text;
}

std::string plan_name(const Plan& plan) {
  if (plan.ranks > 1) return fmt::format("ranks/{}", word_of(plan.ranks_split));
  std::string name(word_of(plan.strategy));
  if (plan.strategy == StrategyKind::kData) name.append("/").append(word_of(plan.merge));
  if (plan.strategy == StrategyKind::kPipeline)
    name.append("/").append(word_of(plan.pipeline_schedule));
  return name;
}

}  // namespace trp
