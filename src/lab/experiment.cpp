#include "lab/experiment.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "measure/certainty.h"

namespace trp {

Race run_experiment(const Experiment& experiment, const LabContext& context) {
  Lab lab(context);
  experiment.run(lab);
  return std::move(lab.race);
}

std::string heading_of(const Experiment& experiment) {
  return fmt::format("{}: {}", experiment.section, experiment.title);
}

bool exceeds_cpus(const Race& race) {
  return std::ranges::any_of(race.contenders,
                             [&](const Contender& one) { return one.workers > race.cpus; });
}

Table make_table(const Experiment& experiment, const Race& race) {
  Table table = {{experiment.contenders_are, "workers", experiment.unit, "times as fast"}, {}};
  for (const char* column : experiment.more_columns)
    if (column) table.columns.emplace_back(column);
  for (const Contender& contender : race.contenders) {
    const ContenderId id = {contender.name, contender.workers};
    const std::string& base = contender.base.empty() ? race.contenders[0].name : contender.base;
    auto& row = table.rows.emplace_back();
    row = {contender.name, contender.workers, race.per_second(id), race.speedup(id, {base})};
    if (experiment.more_cells)
      std::ranges::move(experiment.more_cells(race, contender), std::back_inserter(row));
  }
  return table;
}

Verdict judge(const Experiment& experiment, const Race& race) {
  // With more of their time lost, contenders that wait for one another are not what they are when
  // alone: who spins uses a CPU that another would need.
  constexpr double kMaxJudgedLoss = 0.25;
  const auto holds = [&](const std::vector<Contender>& contenders) {
    return experiment.verdict({.cpus = race.cpus, .contenders = contenders}).holds;
  };
  if (lost_share(race.contenders) <= kMaxJudgedLoss && is_certain(race.contenders, holds))
    return experiment.verdict(race);
  return {.text = fmt::format(
              "Withheld: CPU taken by other programs, up to {:.0f} % of the time, could have made "
              "it; run this again when the machine is quieter.",
              100 * lost_share(race.contenders)),
          .withheld = true};
}

std::span<const Experiment* const> experiments() {
  static constexpr std::array<const Experiment*, 20> kAll = {
      &kVectorizeExperiment,     &kProductExperiment,    &kSamplesExperiment,
      &kConvExperiment,          &kAccumulateExperiment, &kPredictExperiment,
      &kTinyExperiment,          &kDependencyExperiment, &kMemoryExperiment,
      &kWaitingExperiment,       &kLockingExperiment,    &kFalseSharingExperiment,
      &kOversubscribeExperiment, &kImbalanceExperiment,  &kProcessesExperiment,
      &kLoaderExperiment,        &kModelExperiment,      &kPipelineExperiment,
      &kStagesExperiment,        &kAmdahlExperiment};
  return kAll;
}

const Experiment* find_experiment(std::string_view name) {
  const auto all = experiments();
  const auto found = std::ranges::find(all, name, &Experiment::name);
  return found == all.end() ? nullptr : *found;
}

int judged_workers(const Race& race, std::string_view name) {
  std::vector<int> worker_counts;
  for (const Contender& contender : race.contenders)
    if (name.empty() || contender.name == name) worker_counts.push_back(contender.workers);
  return judged_workers(worker_counts, race.cpus);
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

}  // namespace trp
