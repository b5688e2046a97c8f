#include "lab/experiment.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

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

std::string speed_text(const Spread& speedup, std::string_view base) {
  const std::string times = short_number(speedup.median);
  if (is_faster(speedup)) return fmt::format("{} times as fast as {}", times, base);
  if (is_slower(speedup))
    return fmt::format("{} times slower than {}", short_number(1 / speedup.median), base);
  return fmt::format("about as fast as {} ({} times, {} to {})", base, times,
                     short_number(speedup.lower), short_number(speedup.upper));
}

std::string short_number(double value) {
  return std::abs(value) < 999.5 ? fmt::format("{:.3g}", value) : fmt::format("{:.0f}", value);
}

std::string workers_note(int workers, int cpus) {
  return workers <= cpus ? std::string() : fmt::format("more than CPUs ({})", cpus);
}

Table rate_table(const Race& race, const std::string& what, const std::string& unit) {
  Table table = {{what, "workers", unit, "times as fast", "note"}, {}};
  const std::string& first = race.contenders.front().name;
  for (const Contender& contender : race.contenders) {
    const ContenderId id = {contender.name, contender.workers};
    const ContenderId base = {contender.base.empty() ? first : contender.base};
    table.rows.push_back({contender.name, static_cast<double>(contender.workers),
                          race.per_second(id), race.speedup(id, base),
                          workers_note(contender.workers, race.cpus)});
  }
  return table;
}

}  // namespace trp
