#include "lab/experiments.h"

#include <fmt/format.h>
#include "lab/training.h"
#include "lab/verdicts.h"
#include "lab/workers.h"
#include "measure/statistics.h"

namespace trp {
namespace {

Findings run(const LabContext& context) {
  Pools pools(kWorkerCounts, context.cpus);
  const Plan sequential = {.strategy = StrategyKind::kSequential};
  const Plan data = {.strategy = StrategyKind::kData};

  // Number 0 is sequential, then each number of workers.
  std::vector<std::unique_ptr<TrainingSteps>> trainings;
  bool correct = ExpectedStep(context).is_made_by(sequential, pools.of(1));
  trainings.push_back(std::make_unique<TrainingSteps>(context, sequential, pools.of(1)));
  for (const int workers : kWorkerCounts)
    trainings.push_back(std::make_unique<TrainingSteps>(context, data, pools.of(workers)));
  std::vector<Work> works;
  for (const auto& training : trainings) {
    for (int step = 0; step < 5; ++step) training->step();
    correct &= weights_digest(training->mlp()) == weights_digest(trainings.front()->mlp());
    works.push_back([&training = *training] { training.step(); });
  }
  const Race timed = race(works, context.seconds());

  std::vector<SpeedupPoint> points;  // those with a CPU for each worker
  const int judged = judged_workers(context.cpus);
  Spread judged_speedup;
  for (std::size_t w = 0; w < kWorkerCounts.size(); ++w) {
    const Spread speedup = timed.speedup(w + 1, 0);
    if (kWorkerCounts[w] == judged) judged_speedup = speedup;
    if (kWorkerCounts[w] <= context.cpus) points.push_back({kWorkerCounts[w], speedup.median});
  }
  const double serial = fit_amdahl(points);

  const double amount = 1e-3 * static_cast<double>(TrainingSteps::kBatchSize);
  Findings findings = {
      {{"workers", "thousand samples/s", "speedup", "efficiency %", "Karp-Flatt serial %",
        "Amdahl's fit: speedup", "note"},
       {{"sequential", rate(amount, timed.time_of(0)), timed.speedup(0, 0), "", "", "", ""}}},
      correct,
      amdahl_verdict(judged, judged_speedup, serial)};
  for (std::size_t w = 0; w < kWorkerCounts.size(); ++w) {
    const int workers = kWorkerCounts[w];
    const Spread speedup = timed.speedup(w + 1, 0);
    findings.table.rows.push_back(
        {static_cast<double>(workers), rate(amount, timed.time_of(w + 1)), speedup,
         100 * efficiency(speedup.median, workers),
         workers > 1 ? Cell(100 * karp_flatt(speedup.median, workers)) : Cell(""),
         amdahl_speedup(serial, workers), workers_note(workers, context.cpus)});
  }
  return findings;
}

}  // namespace

Verdict amdahl_verdict(int workers, const Spread& speedup, double serial_fraction) {
  const std::string limit =
      serial_fraction > 0 && serial_fraction < 1
          ? fmt::format(", and no number of workers would be more than {} times as fast",
                        short_number(1 / serial_fraction))
          : std::string();
  return make_verdict(
      is_faster(speedup) && speedup.upper < workers,
      fmt::format("training with {} workers is {}; by Amdahl's law {} % of the work is serial{}.",
                  workers, speed_text(speedup, "sequential training"),
                  short_number(100 * serial_fraction), limit));
}

constinit const Experiment kAmdahlExperiment = {
    .name = "amdahl",
    .title = "Performance analysis: the speedup of training",
    .claim =
        "training with W workers is faster, but less than W times: what stays serial bounds the "
        "speedup, and efficiency falls as workers are added",
    .takeaway =
        "measure speedup and efficiency, look at what is left serial, and stop adding "
        "workers where efficiency has gone",
    .run = run};

}  // namespace trp
