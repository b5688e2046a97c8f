#include "measure/budget.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "strategy/phase.h"

namespace trp {
namespace {

/// The training's time without evaluation, as the workers of the first process see it.
struct Spans {
  double all = 0;
  double load = 0;
  double serial = 0;  // worker 0 works outside fork-joins
};

Spans spans_of(const PhaseTimes& times) {
  const WorkerTimes& first = times.workers.front();
  Spans spans = {.all = times.wall_seconds - first.of(Phase::kEvaluation),
                 .load = first.of(Phase::kLoad),
                 .serial = 0};
  spans.serial =
      std::max(0.0, spans.all - spans.load - first.of(Phase::kRanks) - times.fork_join_seconds);
  return spans;
}

/// Work of a worker, merging aside. The other workers wait in kOther while the first is alone.
double work_of(const WorkerTimes& worker, double waited_in_other) {
  return worker.of(Phase::kGather) + worker.of(Phase::kForward) + worker.of(Phase::kBackward) +
         worker.of(Phase::kSgd) + std::max(0.0, worker.of(Phase::kOther) - waited_in_other);
}

double sum_of(const PhaseTimes& times, Phase phase) {
  return std::accumulate(
      times.workers.begin(), times.workers.end(), 0.0,
      [&](double sum, const WorkerTimes& worker) { return sum + worker.of(phase); });
}

double& part_of(Budget& budget, BudgetPart part) {
  return budget.seconds[static_cast<std::size_t>(part)];
}

/// All of the work counts as useful.
Budget split(const PhaseTimes& times, double lost_seconds) {
  const Spans spans = spans_of(times);
  const auto count = static_cast<double>(times.workers.size());
  const double workers = std::min<double>(count, times.cpus);
  double processes = 0, work = 0, lost = 0;
  for (const WorkerTimes& worker : times.workers) {
    work += work_of(worker, worker.is_first ? 0 : spans.serial);
    lost += worker.preempted_seconds;
    if (worker.is_first) ++processes;
  }
  const double merge = sum_of(times, Phase::kMerge);
  const double merge_wait = sum_of(times, Phase::kMergeWait);
  const double ranks = sum_of(times, Phase::kRanks) * workers / count;

  // In fork-joins. More than they have time can only have been had in turns.
  const double forked = std::max(0.0, workers * (spans.all - spans.load - spans.serial) - ranks);
  const double wanted = work - processes * spans.serial + merge + merge_wait;
  const double in_turns = std::max(0.0, wanted - forked);
  const double busy = wanted - in_turns;
  const double given = std::max(0.0, lost - in_turns);
  const double idle = std::max(0.0, forked - busy);
  const double unbalanced = std::clamp(workers * times.busiest_seconds - busy, 0.0, idle);
  // Workers that were kept from their CPUs look idle.
  const double kept = std::clamp(lost_seconds - given, 0.0, idle);
  const double imbalance = std::max(0.0, unbalanced - kept);

  Budget budget = {.total_seconds = workers * spans.all, .seconds = {}, .sequential_seconds = 0};
  part_of(budget, BudgetPart::kUseful) = work - in_turns - given;
  part_of(budget, BudgetPart::kMerge) = merge;
  part_of(budget, BudgetPart::kMergeWait) = merge_wait;
  part_of(budget, BudgetPart::kImbalance) = imbalance;
  part_of(budget, BudgetPart::kBarrier) = idle - kept - imbalance;
  part_of(budget, BudgetPart::kRanks) = ranks;
  part_of(budget, BudgetPart::kLoad) = workers * spans.load;
  part_of(budget, BudgetPart::kSerial) = (workers - processes) * spans.serial;
  part_of(budget, BudgetPart::kPreempted) = given + kept;
  return budget;
}

}  // namespace

Budget make_budget(const PhaseTimes& times, const PhaseTimes& sequential, double lost_seconds) {
  Budget budget = split(times, lost_seconds);
  budget.sequential_seconds = split(sequential, 0).of(BudgetPart::kUseful);
  double& useful = part_of(budget, BudgetPart::kUseful);
  const double work = useful;
  useful = std::min(work, budget.sequential_seconds);
  part_of(budget, BudgetPart::kSlower) = work - useful;
  return budget;
}

BudgetPart largest_loss(const Budget& budget) {
  const auto most = std::max_element(budget.seconds.begin() + 1, budget.seconds.end());
  return static_cast<BudgetPart>(most - budget.seconds.begin());
}

PopFactors pop_factors(const Budget& budget) {
  const auto ratio = [](double part, double whole) { return whole > 0 ? part / whole : 1; };
  const double work = budget.of(BudgetPart::kUseful) + budget.of(BudgetPart::kSlower);
  const double balanced = work + budget.of(BudgetPart::kImbalance);
  const double serialised = balanced + budget.of(BudgetPart::kMergeWait) +
                            budget.of(BudgetPart::kLoad) + budget.of(BudgetPart::kSerial);
  const double transferred = serialised + budget.of(BudgetPart::kMerge) +
                             budget.of(BudgetPart::kBarrier) + budget.of(BudgetPart::kRanks);
  return {.load_balance = ratio(work, balanced),
          .serialisation = ratio(balanced, serialised),
          .transfer = ratio(serialised, transferred),
          .computation_scaling = ratio(budget.sequential_seconds, work),
          .availability = ratio(transferred, budget.total_seconds)};
}

PhaseTimes& operator+=(PhaseTimes& sum, const PhaseTimes& times) {
  if (sum.workers.empty()) return sum = times;
  assert(sum.workers.size() == times.workers.size() && sum.cpus == times.cpus);
  sum.wall_seconds += times.wall_seconds;
  sum.fork_join_seconds += times.fork_join_seconds;
  sum.busiest_seconds += times.busiest_seconds;
  for (std::size_t w = 0; w < sum.workers.size(); ++w) {
    for (std::size_t p = 0; p < kPhaseCount; ++p)
      sum.workers[w].seconds[p] += times.workers[w].seconds[p];
    sum.workers[w].preempted_seconds += times.workers[w].preempted_seconds;
  }
  return sum;
}

}  // namespace trp
