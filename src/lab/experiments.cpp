#include "lab/experiments.h"

#include <algorithm>
#include <array>

namespace trp {

std::span<const Experiment* const> experiments() {
  static constexpr std::array<const Experiment*, 16> kAll = {
      &kVectorizeExperiment,     &kSamplesExperiment,   &kConvExperiment,
      &kAccumulateExperiment,    &kTinyExperiment,      &kDependencyExperiment,
      &kMemoryExperiment,        &kLockingExperiment,   &kFalseSharingExperiment,
      &kOversubscribeExperiment, &kImbalanceExperiment, &kProcessesExperiment,
      &kLoaderExperiment,        &kModelExperiment,     &kPipelineExperiment,
      &kAmdahlExperiment};
  return kAll;
}

const Experiment* find_experiment(std::string_view name) {
  const auto all = experiments();
  const auto found = std::ranges::find(all, name, &Experiment::name);
  return found == all.end() ? nullptr : *found;
}

Verdict make_verdict(bool holds, const std::string& text) {
  return {holds, (holds ? "Holds here: " : "Not here: ") + text};
}

}  // namespace trp
