#include "lab/experiment.h"
#include "lab/training.h"

namespace trp {
namespace {

void run(Lab& lab) {
  add_training(lab, "sequential", {.strategy = StrategyKind::kSequential});
  for (const int workers : lab.context.worker_counts)
    add_training(lab, "data", {.strategy = StrategyKind::kData}, workers);
  lab.run();
}

Spread speedup_of(const Race& race, int workers) {
  return race.speedup({"data", workers}, {"sequential"});
}

/// Fitted to the numbers of workers that have a CPU each.
double serial_fraction(const Race& race) {
  std::vector<SpeedupPoint> points;
  for (const Contender& contender : race.contenders)
    if (contender.name == "data" && contender.workers <= race.cpus)
      points.push_back({contender.workers, speedup_of(race, contender.workers).median});
  return fit_amdahl(points);
}

std::vector<Cell> more_cells(const Race& race, const Contender& contender) {
  if (contender.name == "sequential") return {"", "", ""};
  const int workers = contender.workers;
  const double speedup = speedup_of(race, workers).median;
  return {efficiency(speedup, workers), workers > 1 ? Cell(karp_flatt(speedup, workers)) : Cell(""),
          amdahl_speedup(serial_fraction(race), workers)};
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread speedup = speedup_of(race, workers);
  const double serial = serial_fraction(race);
  const std::string limit =
      serial > 0 && serial < 1
          ? fmt::format(", and no number of workers would be more than {} times as fast",
                        short_number(1 / serial))
          : std::string();
  return make_verdict(
      is_faster(speedup) && speedup.upper < workers,
      "training with {} workers is {}; by Amdahl's law {} % of the work is serial{}.", workers,
      speed_text(speedup, "sequential training"), short_number(100 * serial), limit);
}

}  // namespace

constinit const Experiment kAmdahlExperiment = {
    .name = "amdahl",
    .section = "Performance analysis",
    .title = "the speedup of training",
    .claim =
        "training with W workers is faster, but less than W times: what stays serial bounds the "
        "speedup, and efficiency falls as workers are added",
    .takeaway =
        "the formula is 1 / ((1 - P) + P / N): with the guide's P = 0.9 parallel and N = 4 "
        "workers, "
        "1 / (0.1 + 0.9 / 4) = 3.08, and never more than 10; look at what is left serial, and stop "
        "adding workers where efficiency has gone",
    .in_earnest = "bench -j 1,2,4,8",
    .run = run,
    .verdict = verdict,
    .contenders_are = "training",
    .unit = "k samples/s",
    .more_columns = {"efficiency", "serial", "Amdahl"},  // Karp and Flatt's part, the fit's speedup
    .more_cells = more_cells};

}  // namespace trp
