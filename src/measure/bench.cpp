#include "measure/bench.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/fail.h"
#include "measure/race.h"
#include "strategy/phase.h"

namespace trp {
namespace {

const BenchResult* sequential_of(std::span<const BenchResult> results, Index batch_size) {
  const auto found = std::ranges::find_if(results, [&](const BenchResult& result) {
    return result.benched.plan.strategy == StrategyKind::kSequential &&
           result.benched.batch_size == batch_size;
  });
  return found == results.end() ? nullptr : &*found;
}

constexpr Index kTracedSteps = 40;

Recipe recipe_of(const BenchOptions& options, const BenchCase& benched) {
  Recipe recipe = options.recipe;
  recipe.batch_size = benched.batch_size;
  return recipe;
}

/// The seconds of a training of the case and, in `times`, where they went; nothing if it was
/// stopped.
std::optional<double> run_case(const BenchOptions& options, const DataSets& data, int cpus,
                               const std::atomic<bool>& stop, BenchResult& result,
                               PhaseTimes& times) {
  const BenchCase& benched = result.benched;
  ThreadPool pool(benched.plan.workers, cpus);
  if (pool.worker_count() < benched.plan.workers) {
    fail("the system allows only {} of {} workers, so their speed cannot be measured",
         pool.worker_count(), benched.plan.workers);
  }
  PhaseRecorder recorder(kTrainingPhases, pool.worker_count(), cpus);
  const TrainResult trained =
      train(recipe_of(options, benched), benched.plan, data, pool, {.recorder = &recorder}, stop);
  if (trained.status == TrainStatus::kInterrupted) return std::nullopt;
  if (trained.status == TrainStatus::kDiverged) {
    fail("training diverges at batch size {}, so its time says nothing; try a lower learning rate",
         benched.batch_size);
  }
  result.weights = trained.weights;
  result.samples =
      static_cast<Index>(std::llround(trained.samples_per_second * trained.train_seconds));
  times = recorder.times();
  return trained.train_seconds;
}

void check_same_bits(std::span<const BenchResult> results, const BenchResult& result) {
  if (bits_may_differ(result.benched.plan)) return;
  const BenchResult* sequential = sequential_of(results, result.benched.batch_size);
  if (!sequential || sequential->weights.empty() || sequential->weights == result.weights) return;
  fail(
      "{} workers at batch size {} have trained other weights than sequential training ({}, not "
      "{}): a fault of this program or of this machine; please report it",
      result.benched.plan.workers, result.benched.batch_size, result.weights, sequential->weights);
}

}  // namespace

bool same_plan(const Plan& a, const Plan& b) {
  if (a.strategy != b.strategy) return false;
  if (a.strategy == StrategyKind::kData) return a.merge == b.merge;
  if (a.strategy == StrategyKind::kPipeline)
    return a.pipeline_schedule == b.pipeline_schedule && a.micro_batches == b.micro_batches;
  return true;
}

std::vector<BenchCase> bench_cases(const Plan& base, std::span<const StrategyKind> strategies,
                                   std::span<const MergeKind> merges, std::span<const int> workers,
                                   std::span<const Index> batch_sizes) {
  std::vector<BenchCase> cases;
  for (const Index batch_size : batch_sizes) {
    const auto add = [&](StrategyKind kind, MergeKind merge, int worker_count) {
      Plan plan = base;
      plan.strategy = kind;
      plan.merge = merge;
      plan.workers = worker_count;
      cases.push_back({plan, batch_size});
    };
    add(StrategyKind::kSequential, base.merge, 1);
    for (const StrategyKind kind : strategies) {
      if (kind == StrategyKind::kSequential) continue;
      const std::span used =
          kind == StrategyKind::kData ? merges : std::span(&base.merge, std::size_t{1});
      for (const MergeKind merge : used)
        for (const int worker_count : workers) add(kind, merge, worker_count);
    }
  }
  return cases;
}

std::vector<BenchResult> run_bench(
    const BenchOptions& options, const DataSets& data, int cpus,
    const std::function<void(std::span<const BenchResult>, int run)>& after_run,
    const std::atomic<bool>& stop) {
  std::vector<BenchResult> results;
  std::vector<PhaseTimes> times(options.cases.size());  // of the last run of each case
  Race race = {.cpus = cpus};
  for (const BenchCase& benched : options.cases) {
    const std::size_t i = results.size();
    results.push_back({.benched = benched, .seconds = {}, .weights = {}});
    race.contenders.push_back({.turn = [&, i](double) {
      const auto seconds = run_case(options, data, cpus, stop, results[i], times[i]);
      if (seconds) check_same_bits(results, results[i]);
      return seconds;
    }});
  }
  const auto count = static_cast<int>(results.size());
  const auto after_turn = [&](int run) {
    for (std::size_t i = 0; i < results.size() && run % count == 0; ++i) {
      results[i].seconds = race.contenders[i].seconds;
      if (!results[i].seconds.empty()) results[i].times += times[i];
    }
    if (after_run) after_run(results, run);
  };
  race.run({.warmup = options.warmup, .rounds = options.runs, .after_turn = after_turn});
  return results;
}

PhaseRecorder trace_case(const BenchOptions& options, const BenchCase& benched,
                         const DataSets& data, int cpus, const std::atomic<bool>& stop) {
  Recipe recipe = recipe_of(options, benched);
  const Index samples = kTracedSteps * benched.batch_size;
  recipe.limit = recipe.limit > 0 ? std::min(recipe.limit, samples) : samples;
  recipe.epochs = 1;
  recipe.warmup_epochs = 0;
  ThreadPool pool(benched.plan.workers, cpus);
  PhaseRecorder recorder(kTrainingPhases, pool.worker_count(), cpus,
                         static_cast<int>(kTracedSteps));
  train(recipe, benched.plan, data, pool, {.recorder = &recorder}, stop);
  return recorder;
}

std::vector<BenchRow> summarize(std::span<const BenchResult> results, int cpus) {
  std::vector<BenchRow> rows;
  for (const BenchResult& result : results) {
    const BenchResult* sequential = sequential_of(results, result.benched.batch_size);
    if (result.seconds.empty() || !sequential || sequential->seconds.empty()) continue;
    const double time = median(result.seconds);
    const Estimate own = {time, standard_deviation(result.seconds)};
    const Estimate alone = {median(sequential->seconds), standard_deviation(sequential->seconds)};
    const Estimate speedup = ratio(alone, own);
    rows.push_back({.benched = result.benched,
                    .median_seconds = time,
                    .seconds = {mean(result.seconds), own.sigma},
                    .samples_per_second = static_cast<double>(result.samples) / time,
                    .speedup = speedup,
                    .efficiency = efficiency(speedup.value, result.benched.plan.workers),
                    .karp_flatt = karp_flatt(speedup.value, result.benched.plan.workers),
                    .same_bits = result.weights == sequential->weights,
                    .oversubscribed = result.benched.plan.workers > cpus,
                    .outliers = count_outliers(result.seconds)});
    if (!result.times.workers.empty() && !sequential->times.workers.empty())
      rows.back().budget = make_budget(result.times, sequential->times);
  }
  return rows;
}

std::vector<AmdahlFit> fit_all(std::span<const BenchRow> rows) {
  std::vector<AmdahlFit> fits;
  for (const BenchRow& row : rows) {
    const auto like_row = [&](const auto& other) {
      return other.batch_size == row.benched.batch_size && same_plan(other.plan, row.benched.plan);
    };
    if (std::ranges::any_of(fits, like_row)) continue;
    std::vector<SpeedupPoint> points;
    bool parallel = false;
    for (const BenchRow& other : rows) {
      if (!like_row(other.benched) || other.oversubscribed) continue;
      points.push_back({other.benched.plan.workers, other.speedup.value});
      parallel |= other.benched.plan.workers > 1;
    }
    if (parallel) fits.push_back({row.benched.plan, row.benched.batch_size, fit_amdahl(points)});
  }
  return fits;
}

std::vector<BenchRow> fastest_rows(std::span<const BenchRow> rows) {
  std::vector<BenchRow> fastest;
  for (const BenchRow& row : rows) {
    const auto found = std::ranges::find_if(fastest, [&](const BenchRow& other) {
      return other.benched.batch_size == row.benched.batch_size;
    });
    if (found == fastest.end()) {
      fastest.push_back(row);
    } else if (row.median_seconds < found->median_seconds) {
      *found = row;
    }
  }
  std::ranges::sort(fastest, {}, [](const BenchRow& row) { return row.benched.batch_size; });
  return fastest;
}

}  // namespace trp
