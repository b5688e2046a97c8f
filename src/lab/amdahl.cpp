#include <vector>

#include <fmt/format.h>

#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"
#include "measure/statistics.h"

namespace trp {
namespace {

Race run(const LabContext& context) {
  Pools pools(context.cpus);
  Race race = {.cpus = context.cpus};
  add_training(race, context, "sequential", {.strategy = StrategyKind::kSequential}, pools.of(1));
  for (const int workers : kWorkerCounts)
    add_training(race, context, "data", {.strategy = StrategyKind::kData}, pools.of(workers));
  race.run(context.race_options());
  return race;
}

Spread speedup_of(const Race& race, int workers) {
  return race.speedup({"data", workers}, {"sequential"});
}

/// Fitted to the numbers of workers that have a CPU each.
double serial_fraction(const Race& race) {
  std::vector<SpeedupPoint> points;
  for (const int workers : kWorkerCounts)
    if (workers <= race.cpus) points.push_back({workers, speedup_of(race, workers).median});
  return fit_amdahl(points);
}

Table table(const Race& race) {
  const ContenderId sequential = {"sequential"};
  Table table = {{"workers", "thousand samples/s", "speedup", "efficiency %", "Karp-Flatt serial %",
                  "Amdahl's fit: speedup", "note"},
                 {{"sequential", race.per_second(sequential), race.speedup(sequential, sequential),
                   "", "", "", ""}}};
  for (const int workers : kWorkerCounts) {
    const Spread speedup = speedup_of(race, workers);
    table.rows.push_back({static_cast<double>(workers), race.per_second({"data", workers}), speedup,
                          100 * efficiency(speedup.median, workers),
                          workers > 1 ? Cell(100 * karp_flatt(speedup.median, workers)) : Cell(""),
                          amdahl_speedup(serial_fraction(race), workers),
                          workers_note(workers, race.cpus)});
  }
  return table;
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread speedup = speedup_of(race, workers);
  const double serial = serial_fraction(race);
  const std::string limit =
      serial > 0 && serial < 1
          ? fmt::format(", and no number of workers would be more than {} times as fast",
                        short_number(1 / serial))
          : std::string();
  return make_verdict(
      is_faster(speedup) && speedup.upper < workers,
      fmt::format("training with {} workers is {}; by Amdahl's law {} % of the work is serial{}.",
                  workers, speed_text(speedup, "sequential training"), short_number(100 * serial),
                  limit));
}

}  // namespace

constinit const Experiment kAmdahlExperiment = {
    .name = "amdahl",
    .title = "Performance analysis: the speedup of training",
    .claim =
        "training with W workers is faster, but less than W times: what stays serial bounds the "
        "speedup, and efficiency falls as workers are added",
    .takeaway =
        "measure speedup and efficiency, look at what is left serial, and stop adding "
        "workers where efficiency has gone",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
