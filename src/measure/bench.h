#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "measure/budget.h"
#include "measure/statistics.h"
#include "trp/trainer.h"

namespace trp {

/// One way to do the same training.
struct BenchCase {
  Plan plan;
  Index batch_size = 64;
};

/// Whether two plans differ in nothing but their numbers of workers and settings that do not
/// concern them.
bool same_plan(const Plan& a, const Plan& b);

/// For each batch size: sequentially first, then each strategy with each number of workers, data
/// parallelism with each merge.
std::vector<BenchCase> bench_cases(const Plan& base, std::span<const StrategyKind> strategies,
                                   std::span<const MergeKind> merges, std::span<const int> workers,
                                   std::span<const Index> batch_sizes);

struct BenchOptions {
  Recipe recipe;  // but for the batch size
  std::vector<BenchCase> cases;
  int warmup = 1;  // rounds that are not counted
  int runs = 5;    // rounds that are
};

/// What is known of a case so far.
struct BenchResult {
  BenchCase benched;
  std::vector<double> seconds;  // of training, of each run
  std::string weights;          // digest
  Index samples = 0;            // of each run
  PhaseTimes times = {};        // of all runs that count together
};

/// Runs every case once, then every case again, and so on, so that a busy spell of the machine
/// meets all of them. Every run starts from the same weights. after_run(results, run) is called
/// after each, `run` counting from 1, the warm-up included. Ends early when `stop` becomes true;
/// the round in hand is then not counted.
/// Throws Error if a case ends with other weights than the sequential one of its batch size, but
/// for MergeKind::kArrival, or if the training diverges.
std::vector<BenchResult> run_bench(
    const BenchOptions& options, const DataSets& data, int cpus,
    const std::function<void(std::span<const BenchResult>, int run)>& after_run,
    const std::atomic<bool>& stop);

/// The first steps of one more run of a case, recorded to be looked at.
PhaseRecorder trace_case(const BenchOptions& options, const BenchCase& benched,
                         const DataSets& data, int cpus, const std::atomic<bool>& stop);

/// A case's runs, compared with the sequential ones of the same batch size.
struct BenchRow {
  BenchCase benched;
  double median_seconds = 0;
  Estimate seconds;  // mean
  double samples_per_second = 0;
  Estimate speedup;  // of the medians, with the deviations of the runs
  double efficiency = 0;
  double karp_flatt = 0;
  bool same_bits = false;
  bool oversubscribed = false;  // more workers than CPUs
  int outliers = 0;
  std::optional<Budget> budget = std::nullopt;  // of all runs together
};

/// One row for each result that has been run.
std::vector<BenchRow> summarize(std::span<const BenchResult> results, int cpus);

/// Amdahl's law fitted to one plan at one batch size, over the numbers of workers that have a
/// CPU each.
struct AmdahlFit {
  Plan plan;
  Index batch_size = 0;
  double serial_fraction = 0;
};

/// For each plan that was run with 2 workers or more, but no more than CPUs.
std::vector<AmdahlFit> fit_all(std::span<const BenchRow> rows);

/// What to use: the fastest row of each batch size, in ascending order of batch sizes.
std::vector<BenchRow> fastest_rows(std::span<const BenchRow> rows);

}  // namespace trp
