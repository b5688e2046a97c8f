#include "measure/bench.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/cluster.h"
#include "core/fail.h"
#include "measure/race.h"
#include "measure/rank_times.h"
#include "strategy/phase.h"

namespace trp {
namespace {

constexpr Index kTracedSteps = 40;

const BenchRow* sequential_of(std::span<const BenchRow> rows, Index batch_size) {
  const auto found = std::ranges::find_if(rows, [&](const BenchRow& row) {
    return row.is_sequential() && row.batch_size == batch_size;
  });
  return found == rows.end() ? nullptr : &*found;
}

Recipe recipe_of(const BenchOptions& options, const BenchRow& row) {
  Recipe recipe = options.recipe;
  recipe.batch_size = row.batch_size;
  return recipe;
}

/// Trains on all ranks, or by a plan for one of them on the first while the others wait.
TrainResult run_plan(const BenchOptions& options, const Recipe& recipe, const Plan& plan,
                     const DataSets& data, ThreadPool& pool, PhaseRecorder& recorder,
                     const std::atomic<bool>& stop) {
  Cluster* const cluster = options.cluster;
  TrainResult trained;
  if (!cluster || plan.ranks > 1 || cluster->rank() == 0)
    trained = train(recipe, plan, data, pool,
                    {.recorder = &recorder, .cluster = plan.ranks > 1 ? cluster : nullptr}, stop);
  if (!cluster) return trained;
  if (plan.ranks > 1) add_workers_of_ranks(*cluster, recorder);
  cluster->ask(trained.status == TrainStatus::kInterrupted);
  if (cluster->agreed()) trained.status = TrainStatus::kInterrupted;
  return trained;
}

/// Returns the seconds of a training by the row's plan and, in `times`, where they went; nothing if
/// it was stopped.
std::optional<double> run_once(const BenchOptions& options, const DataSets& data, ThreadPool& pool,
                               int cpus, const std::atomic<bool>& stop, BenchRow& row,
                               PhaseTimes& times) {
  if (pool.worker_count() < row.plan.workers) {
    fail("the system allows only {} of {} workers, so their speed cannot be measured",
         pool.worker_count(), row.plan.workers);
  }
  PhaseRecorder recorder(kTrainingPhases, pool.worker_count(), cpus);
  const TrainResult trained =
      run_plan(options, recipe_of(options, row), row.plan, data, pool, recorder, stop);
  if (trained.status == TrainStatus::kInterrupted) return std::nullopt;
  if (trained.status == TrainStatus::kDiverged) {
    fail("training diverges at batch size {}, so its time says nothing; try a lower learning rate",
         row.batch_size);
  }
  row.weights = trained.weights;
  row.samples =
      static_cast<Index>(std::llround(trained.samples_per_second * trained.train_seconds));
  times = recorder.times();
  return trained.train_seconds;
}

void check_same_bits(std::span<const BenchRow> rows, const BenchRow& row) {
  if (bits_may_differ(row.plan) || row.weights.empty()) return;
  const BenchRow* sequential = sequential_of(rows, row.batch_size);
  if (!sequential || sequential->weights.empty() || sequential->weights == row.weights) return;
  fail(
      "{} workers at batch size {} have trained other weights than sequential training ({}, not "
      "{}): a fault of this program or of this machine; please report it",
      row.plan.workers, row.batch_size, row.weights, sequential->weights);
}

/// Adds the case of a row, run by `run` unless that is done outside, and its baseline after it, if
/// there is one.
void add_contenders(Race& race, const BenchOptions& options, BenchRow& row,
                    std::function<std::optional<double>()> run) {
  const auto add = [&](auto turn) {
    race.contenders.push_back({.workers = row.plan.workers, .turn = std::move(turn)});
  };
  if (options.run_outside) run = [&] { return options.run_outside(row, false); };
  add([run = std::move(run)](double) { return run(); });
  if (row.baseline) add([&](double) { return options.run_outside(row, true); });
}

/// Fills in the slowdowns against all other runs, whose intervals hold at once.
void compare_with_others(std::vector<BenchRow>& rows) {
  std::vector<std::pair<const BenchRow*, OtherRuns*>> pairs;
  for (BenchRow& row : rows)
    for (std::optional<OtherRuns>* other : {&row.baseline, &row.beside})
      if (*other) pairs.emplace_back(&row, &**other);
  const double confidence = 1 - (1 - kSlowdownConfidence) / static_cast<double>(pairs.size());
  for (const auto& [row, other] : pairs) {
    const auto ratio = other->in_turn ? paired_ratio : ratio_of_medians;
    other->slowdown = ratio(row->seconds, other->seconds, confidence);
  }
}

}  // namespace

bool same_plan(const Plan& a, const Plan& b) {
  if (a.ranks > 1 && b.ranks > 1) return a.ranks == b.ranks && a.ranks_split == b.ranks_split;
  if (a.strategy != b.strategy || a.ranks != b.ranks) return false;
  if (a.strategy == StrategyKind::kData) return a.merge == b.merge;
  if (a.strategy == StrategyKind::kPipeline)
    return a.pipeline_schedule == b.pipeline_schedule && a.micro_batches == b.micro_batches;
  return true;
}

std::vector<BenchRow> bench_cases(const Plan& base, const BenchWays& ways) {
  std::vector<BenchRow> cases;
  for (const Index batch_size : ways.batch_sizes) {
    const auto add = [&](Plan plan) { cases.push_back({plan, batch_size}); };
    const auto add_each = [&](Plan plan) {
      for (const int workers : ways.workers) {
        plan.workers = workers;
        add(plan);
      }
    };
    Plan plan = base;
    plan.strategy = StrategyKind::kSequential;
    plan.workers = plan.ranks = 1;
    add(plan);
    plan = base;
    if (base.ranks > 1) {
      for (const RanksSplit split : ways.splits) {
        plan.ranks_split = split;
        add_each(plan);
      }
      continue;
    }
    for (const StrategyKind kind : ways.strategies) {
      plan.strategy = kind;
      if (kind == StrategyKind::kSequential) continue;
      const std::span used =
          kind == StrategyKind::kData ? std::span(ways.merges) : std::span(&base.merge, 1);
      for (const MergeKind merge : used) {
        plan.merge = merge;
        add_each(plan);
      }
    }
  }
  return cases;
}

std::vector<BenchRow> run_bench(
    const BenchOptions& options, const DataSets& data, int cpus,
    const std::function<void(std::span<const BenchRow>, int turn)>& after_turn,
    const std::atomic<bool>& stop) {
  std::vector<BenchRow> rows = options.cases;
  std::vector<PhaseTimes> times(rows.size());  // of the last run of each
  std::map<int, ThreadPool> pools;
  Race race = {.cpus = cpus};
  for (std::size_t i = 0; i < rows.size(); ++i)
    add_contenders(race, options, rows[i], [&, i] {
      const int workers = rows[i].plan.workers;
      ThreadPool& pool = pools.try_emplace(workers, workers, cpus, rows[i].plan.pin).first->second;
      const auto seconds = run_once(options, data, pool, cpus, stop, rows[i], times[i]);
      if (seconds) check_same_bits(rows, rows[i]);
      return seconds;
    });
  const std::size_t per_case = race.contenders.size() / rows.size();
  const auto keep_rounds = [&] {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Contender& own = race.contenders[i * per_case];
      rows[i].seconds = own.seconds;
      if (!options.run_outside && !options.cluster) rows[i].lost = own.lost;
      if (rows[i].baseline) rows[i].baseline->seconds = race.contenders[i * per_case + 1].seconds;
    }
  };
  const auto count = static_cast<int>(rows.size());
  const auto after_run = [&](int run) {
    const int turn = run / static_cast<int>(per_case);
    if (run % static_cast<int>(per_case) != 0) return;
    if (turn % count == 0 && turn / count > options.warmup) {
      keep_rounds();
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i].times += times[i];
    }
    if (after_turn) after_turn(rows, turn);
  };
  race.run({.warmup = options.warmup,
            .rounds = options.runs,
            .back_and_forth = per_case > 1,
            .after_turn = after_run});
  keep_rounds();  // once more, for what was lost is known for sure only now
  return rows;
}

PhaseRecorder trace_case(const BenchOptions& options, const BenchRow& row, const DataSets& data,
                         int cpus, const std::atomic<bool>& stop) {
  Recipe recipe = recipe_of(options, row);
  const Index samples = kTracedSteps * row.batch_size;
  recipe.limit = recipe.limit > 0 ? std::min(recipe.limit, samples) : samples;
  recipe.epochs = 1;
  recipe.warmup_epochs = 0;
  ThreadPool pool(row.plan.workers, cpus, row.plan.pin);
  PhaseRecorder recorder(kTrainingPhases, pool.worker_count(), cpus,
                         static_cast<int>(kTracedSteps));
  run_plan(options, recipe, row.plan, data, pool, recorder, stop);
  return recorder;
}

std::map<Index, std::vector<BenchRow>> by_batch_size(std::span<const BenchRow> rows) {
  std::map<Index, std::vector<BenchRow>> groups;
  for (const BenchRow& row : rows) groups[row.batch_size].push_back(row);
  return groups;
}

void update_speedups(std::vector<BenchRow>& rows) {
  for (BenchRow& row : rows) {
    row.speedups.clear();
    std::ranges::transform(sequential_of(rows, row.batch_size)->seconds, row.seconds,
                           std::back_inserter(row.speedups), std::divides());
  }
}

std::vector<BenchRow> compare_rows(std::span<const BenchRow> rows, int cpus) {
  std::vector<BenchRow> compared(rows.begin(), rows.end());
  std::erase_if(compared, [](const BenchRow& row) { return row.seconds.empty(); });
  update_speedups(compared);
  for (BenchRow& row : compared) {
    const BenchRow& sequential = *sequential_of(rows, row.batch_size);
    row.same_bits = row.weights == sequential.weights;
    row.oversubscribed = row.plan.workers > cpus;
    const double lost = std::accumulate(row.lost.begin(), row.lost.end(), 0.0);
    if (!row.times.workers.empty()) row.budget = make_budget(row.times, sequential.times, lost);
  }
  compare_with_others(compared);
  return compared;
}

std::vector<AmdahlFit> fit_all(std::span<const BenchRow> rows) {
  std::vector<AmdahlFit> fits;
  for (const BenchRow& row : rows) {
    const auto like_row = [&](const auto& other) {
      return other.batch_size == row.batch_size && same_plan(other.plan, row.plan);
    };
    if (std::ranges::any_of(fits, like_row)) continue;
    std::vector<SpeedupPoint> points;
    bool parallel = false;
    for (const BenchRow& other : rows) {
      if (!like_row(other) || other.oversubscribed) continue;
      points.push_back({total_workers(other.plan), other.speedup().median});
      parallel |= other.is_parallel();
    }
    const double fraction = fit_amdahl(points);
    if (parallel)
      fits.push_back(
          {row.plan, row.batch_size, fraction < 1 ? std::optional(fraction) : std::nullopt});
  }
  return fits;
}

}  // namespace trp
