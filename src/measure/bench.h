#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "measure/bootstrap.h"
#include "measure/budget.h"
#include "measure/statistics.h"
#include "trp/train.h"

namespace trp {

/// The same training by another build, or at another time or on another machine.
struct OtherRuns {
  std::string name = {};             // the program, or a file
  std::string origin = {};           // which build, or when and where
  std::string why_not_judged = {};   // empty: a verdict may be drawn
  std::vector<double> seconds = {};  // of training
  std::string weights = {};          // digest
  bool in_turn = false;              // each was followed or preceded by a run of this build
  Estimate slowdown = {};            // how many times as long this build has taken
};

/// A way to do a training, and what came of it.
struct BenchRow {
  Plan plan = {};
  Index batch_size = 64;

  // Measured.
  std::vector<double> seconds = {};  // of training, in each round that counts
  std::vector<double> lost = {};     // how many of these others' use of the CPUs has cost, at most
  Index samples = 0;                 // of a run
  std::string weights = {};          // digest
  PhaseTimes times = {};             // of all rounds that count together
  std::optional<OtherRuns> baseline = std::nullopt, beside = std::nullopt;

  // Compared with sequential training at the same batch size.
  std::vector<double> speedups = {};  // in each round
  bool same_bits = false;
  bool oversubscribed = false;                  // more workers than CPUs
  std::optional<Budget> budget = std::nullopt;  // of all rounds together

  bool is_sequential() const { return plan.strategy == StrategyKind::kSequential; }
  bool is_parallel() const { return total_workers(plan) > 1; }
  Spread speedup() const { return spread_of(speedups); }
};

/// Whether two plans differ in nothing but their numbers of workers and settings that do not
/// concern them.
bool same_plan(const Plan& a, const Plan& b);

/// What is compared with sequential training.
struct BenchWays {
  std::vector<int> workers = {1, 2, 4, 8};  // on each rank
  std::vector<StrategyKind> strategies = {StrategyKind::kData};
  std::vector<MergeKind> merges = {MergeKind::kFactored};
  std::vector<RanksSplit> splits = {RanksSplit::kOutputs, RanksSplit::kRows};
  std::vector<Index> batch_sizes = {64};
};

/// For each batch size: sequentially first, then each strategy with each number of workers, data
/// parallelism with each merge. If `base` has several ranks each split takes the place of
/// strategies.
std::vector<BenchRow> bench_cases(const Plan& base, const BenchWays& ways);

class Cluster;

/// Runs a case, or its baseline, in a process of its own. Keeps the weights, the samples and the
/// origin in the row, and returns the seconds of training; nothing if it was stopped.
using RunOutside = std::function<std::optional<double>(BenchRow& row, bool is_baseline)>;

struct BenchOptions {
  Recipe recipe;                // but for the batch size
  std::vector<BenchRow> cases;  // that have not been run
  int warmup = 1;               // rounds that are not counted
  int runs = 5;                 // rounds that are
  RunOutside run_outside = {};  // how a case is run, if not in this process
  Cluster* cluster = nullptr;   // whose ranks all call what follows; null: there is but one
};

/// Races the cases: every one is run once in each round, from the same weights. Calls
/// after_turn(rows, turn), which may be empty, after each run, `turn` counting from 1, the warm-up
/// included; a case with its baseline is one turn, and every other round goes backwards then. Of
/// runs outside neither lost seconds nor phases are known; of ranks, which take CPUs from one
/// another, no lost seconds. Ends early when `stop` becomes true; the round in hand is then not
/// counted. Cases of one rank are run by the first while the others wait, which learn nothing of
/// them. Throws Error if a case ends with other weights than the sequential one of its batch size,
/// but for MergeKind::kArrival, or if the training diverges.
std::vector<BenchRow> run_bench(
    const BenchOptions& options, const DataSets& data, int cpus,
    const std::function<void(std::span<const BenchRow>, int turn)>& after_turn,
    const std::atomic<bool>& stop);

/// Records the first steps of one more run of a case, to be looked at.
PhaseRecorder trace_case(const BenchOptions& options, const BenchRow& row, const DataSets& data,
                         int cpus, const std::atomic<bool>& stop);

/// Returns the rows of each batch size.
std::map<Index, std::vector<BenchRow>> by_batch_size(std::span<const BenchRow> rows);

/// Fills in the speedups of rows that have been run equally often.
void update_speedups(std::vector<BenchRow>& rows);

/// The confidence with which all intervals of slowdowns hold at once.
inline constexpr double kSlowdownConfidence = 0.95;

/// Returns the rows that have been run, compared with the sequential ones among them and with the
/// other runs of each.
std::vector<BenchRow> compare_rows(std::span<const BenchRow> rows, int cpus);

/// Amdahl's law fitted to one plan at one batch size, over the numbers of workers that have a
/// CPU each.
struct AmdahlFit {
  Plan plan;
  Index batch_size = 0;
  std::optional<double> serial_fraction;  // none where workers are slower than one
};

/// For each plan that was run with 2 workers or more, but no more than CPUs.
std::vector<AmdahlFit> fit_all(std::span<const BenchRow> rows);

}  // namespace trp
