#include "measure/choose.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "profile/stopwatch.h"
#include "train/network.h"

namespace trp {
namespace {

constexpr double kVisitSeconds = 0.004;    // steps of one schedule before it is the next one's turn
constexpr double kSlowStepShare = 0.05;    // of the limit: a step that takes longer is not tried
constexpr std::size_t kProbeSamples = 16;  // to see how long a step takes

/// One schedule with a network and threads of its own.
class Contender {
 public:
  Contender(const StrategyOptions& strategy, int workers, const TrainOptions& options,
            const Dataset& train, int cpus)
      : strategy_options_(strategy),
        pool_(workers, cpus),
        mlp_(make_network(options, train)),
        sgd_(mlp_, options.sgd),
        strategy_(make_strategy(strategy, mlp_, sgd_,
                                std::min(options.batch_size, train.sample_count), pool_)) {}

  /// Seconds of one step on these samples.
  double step(const StepInput& input) {
    const Stopwatch stopwatch;
    strategy_->step(input, sgd_, mlp_);
    return stopwatch.seconds();
  }

  /// The first step of a visit wakes threads and fills caches; the best one of the others counts.
  void visit(const StepInput& input) {
    const Stopwatch stopwatch;
    step(input);
    do {
      best_ = std::min(best_, step(input));
    } while (stopwatch.seconds() < kVisitSeconds);
  }

  const StrategyOptions& strategy() const { return strategy_options_; }
  int workers() const { return pool_.worker_count(); }
  double best() const { return best_; }  // seconds

 private:
  StrategyOptions strategy_options_;
  ThreadPool pool_;
  Mlp mlp_;
  Sgd sgd_;
  std::unique_ptr<Strategy> strategy_;
  double best_ = std::numeric_limits<double>::infinity();
};

struct Candidate {
  StrategyOptions strategy;
  int workers = 1;
};

/// The likeliest first, since time may run out.
std::vector<Candidate> candidates_of(const StrategyOptions& base, std::optional<int> workers,
                                     int cpus) {
  std::vector<Candidate> candidates;
  const auto add = [&](StrategyKind kind, MergeKind merge, int worker_count) {
    StrategyOptions strategy = base;
    strategy.kind = kind;
    strategy.merge = merge;
    candidates.push_back({strategy, worker_count});
  };
  add(StrategyKind::kSequential, MergeKind::kFactored, 1);
  const int most = workers.value_or(cpus);
  if (most == 1) return candidates;
  add(StrategyKind::kData, MergeKind::kFactored, most);
  add(StrategyKind::kTensor, MergeKind::kFactored, most);
  add(StrategyKind::kPipeline, MergeKind::kFactored, most);
  add(StrategyKind::kData, MergeKind::kOrdered, most);
  if (!workers)
    for (int count = 2; count < most; count *= 2)
      add(StrategyKind::kData, MergeKind::kFactored, count);
  return candidates;
}

}  // namespace

Choice choose_schedule(const TrainOptions& options, const Dataset& train,
                       std::optional<int> workers, int cpus, double limit_seconds) {
  const Stopwatch stopwatch;
  const std::vector<Candidate> candidates = candidates_of(options.strategy, workers, cpus);
  if (candidates.size() == 1) return {.strategy = candidates[0].strategy, .workers = 1, .tried = 1};
  Choice choice = {.strategy = candidates[1].strategy, .workers = candidates[1].workers};

  std::vector<std::uint32_t> samples(
      static_cast<std::size_t>(std::min(options.batch_size, used_samples(options, train))));
  std::iota(samples.begin(), samples.end(), 0U);
  StepInput input = {.dataset = train,
                     .samples = samples,
                     .learning_rate = 0,
                     .augmentation = {options.augment, options.seed, 1}};

  // Each contender is made when it is first visited, which takes time too.
  std::vector<std::unique_ptr<Contender>> contenders;
  const auto has_time_for = [&](double step_seconds) {
    return stopwatch.seconds() + std::max(kVisitSeconds, 2 * step_seconds) < limit_seconds;
  };
  contenders.push_back(
      std::make_unique<Contender>(candidates[0].strategy, 1, options, train, cpus));
  Contender& sequential = *contenders.front();
  StepInput probe = input;
  probe.samples = probe.samples.first(std::min(samples.size(), kProbeSamples));
  const double expected = std::min(sequential.step(probe), sequential.step(probe)) *
                          static_cast<double>(samples.size()) /
                          static_cast<double>(probe.samples.size());
  if (expected < kSlowStepShare * limit_seconds) {
    sequential.visit(input);
    const double setup_seconds = stopwatch.seconds();
    for (std::size_t c = 1; c < candidates.size() && has_time_for(setup_seconds); ++c) {
      contenders.push_back(std::make_unique<Contender>(
          candidates[c].strategy, candidates[c].workers, options, train, cpus));
      contenders.back()->visit(input);
    }
    for (std::size_t turn = 0; has_time_for(contenders[turn]->best());
         turn = (turn + 1) % contenders.size())
      contenders[turn]->visit(input);

    const auto fastest = std::ranges::min_element(
        contenders, {}, [](const std::unique_ptr<Contender>& c) { return c->best(); });
    const double speedup = sequential.best() / (*fastest)->best();
    const Contender& chosen = speedup < kLeastGain ? sequential : **fastest;
    choice = {.strategy = chosen.strategy(),
              .workers = chosen.workers(),
              .tried = static_cast<int>(contenders.size()),
              .speedup = sequential.best() / chosen.best()};
  }
  contenders.clear();
  choice.seconds = stopwatch.seconds();
  return choice;
}

}  // namespace trp
