#include "tune/search.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <tuple>
#include <utility>

#include "measure/race.h"
#include "profile/clock.h"
#include "trp/trainer.h"

namespace trp {
namespace {

constexpr int kReduction = 3;
constexpr int kMaxTrials = 1'000'000;
const Plan kAlone = {.strategy = StrategyKind::kSequential, .workers = 1};

struct Rung {
  int epochs = 0;
  std::vector<TrialResult> results = {};  // the best first
  std::vector<int> promoted = {};         // trials

  /// So many of the best trials, but none that diverged.
  std::vector<int> best(std::size_t count) const {
    std::vector<int> trials;
    for (const TrialResult& result : results)
      if (trials.size() < count && result.validation) trials.push_back(result.trial);
    return trials;
  }
};

std::vector<Rung> make_rungs(int epochs) {
  std::vector<Rung> rungs;
  for (; epochs > 0; epochs /= kReduction) rungs.insert(rungs.begin(), {.epochs = epochs});
  return rungs;
}

std::size_t third(std::size_t count) { return (count + kReduction - 1) / kReduction; }

class Search {
 public:
  Search(const SearchOptions& options, const std::vector<TrialResult>& known, const Dataset& train,
         ThreadPool& pool, const SearchEvents& events, const std::atomic<bool>& stop)
      : options_(options),
        train_(train),
        pool_(pool),
        events_(events),
        outer_stop_(stop),
        rungs_(make_rungs(options.epochs)) {
    for (const TrialResult& result : known) known_[{result.trial, result.epochs}] = result;
  }

  SearchResult run() {
    if (options_.trials > 0)
      run_rungs();
    else
      run_freely();
    SearchResult result = {.results = {}, .best = {}, .epochs_trained = 0, .seconds = 0};
    for (const auto& [trial, last] : last_) result.results.push_back(last);
    std::ranges::sort(result.results, is_better);
    if (!result.results.empty()) result.best = take_state(result.results.front().trial);
    result.epochs_trained = epochs_trained_;
    result.seconds = stopwatch_.seconds();
    return result;
  }

 private:
  void run_rungs() {
    std::vector<int> trials(static_cast<std::size_t>(options_.trials));
    std::iota(trials.begin(), trials.end(), 0);
    std::size_t count = trials.size();
    for (int before = 0; const Rung& rung : rungs_) {
      epochs_to_train_ += static_cast<std::int64_t>(count) * (rung.epochs - before);
      before = rung.epochs;
      count = third(count);
    }
    for (const Rung& rung : rungs_) {
      pool_.run(static_cast<int>(trials.size()), [&](int index, int) {
        train_to(trials[static_cast<std::size_t>(index)], rung.epochs);
      });
      if (is_stopped()) return;
      trials = rung.best(third(rung.results.size()));
    }
  }

  void run_freely() {
    pool_.run(pool_.worker_count(), [&](int, int) {
      while (const auto job = next_job()) train_to(job->first, job->second);
    });
  }

  /// The next trial and the epochs to train it for.
  std::optional<std::pair<int, int>> next_job() {
    const std::scoped_lock lock(mutex_);
    if (is_stopped() || trials_begun_ == kMaxTrials) return std::nullopt;
    for (std::size_t r = rungs_.size() - 1; r-- > 0;) {
      Rung& rung = rungs_[r];
      for (const int trial : rung.best(rung.results.size() / kReduction)) {
        if (std::ranges::count(rung.promoted, trial) > 0) continue;
        rung.promoted.push_back(trial);
        return std::pair(trial, rungs_[r + 1].epochs);
      }
    }
    return std::pair(trials_begun_++, rungs_.front().epochs);
  }

  /// Looks at the clock, too.
  bool is_stopped() {
    const bool is_late = options_.trials == 0 && stopwatch_.seconds() > options_.seconds;
    if (is_late || outer_stop_.load(std::memory_order_relaxed)) stop_ = true;
    return stop_;
  }

  void train_to(int trial, int epochs) {
    if (const auto found = known_.find({trial, epochs}); found != known_.end())
      return keep(found->second);
    if (is_stopped()) return;
    ThreadPool alone(1, 1);
    Trainer trainer(options_.recipe_of(trial), kAlone, train_, alone, nullptr, take_state(trial));
    TrialResult result = {.trial = trial, .epochs = epochs};
    const auto is_done = [&] { return std::ssize(trainer.state().epochs) == epochs; };
    while (!is_done() && !is_stopped()) {
      const auto epoch = trainer.run_epoch([this](const StepReport&) { is_stopped(); }, stop_);
      if (!epoch) break;
      result.validation = epoch->validation;
      count_epoch();
    }
    if (trainer.divergence()) {
      result.validation.reset();
    } else {
      keep_state(trial, trainer);
      if (!is_done()) return;
    }
    result.seconds = train_seconds(trainer.state());
    keep(result);
    const std::scoped_lock lock(mutex_);
    if (events_.result) events_.result(result);
  }

  void count_epoch() {
    const std::scoped_lock lock(mutex_);
    ++epochs_trained_;
    const double share = options_.trials > 0 ? static_cast<double>(epochs_trained_) /
                                                   static_cast<double>(epochs_to_train_)
                                             : stopwatch_.seconds() / options_.seconds;
    if (events_.progress) events_.progress(std::min(share, 1.0));
  }

  void keep(const TrialResult& result) {
    const std::scoped_lock lock(mutex_);
    last_[result.trial] = result;
    Rung& rung = *std::ranges::find(rungs_, result.epochs, &Rung::epochs);
    rung.results.insert(std::ranges::upper_bound(rung.results, result, is_better), result);
    // Of the others few will ever be among the best third; those begin anew, to the same bits.
    for (std::size_t i = third(rung.results.size()) + kMaxSpareStates; i < rung.results.size(); ++i)
      if (const int other = rung.results[i].trial; last_[other].epochs == rung.epochs)
        states_.erase(other);
  }

  void keep_state(int trial, Trainer& trainer) {
    const std::scoped_lock lock(mutex_);
    states_[trial] = trainer.state_to_resume();
  }

  std::optional<TrainState> take_state(int trial) {
    const std::scoped_lock lock(mutex_);
    const auto node = states_.extract(trial);
    return node ? std::optional(std::move(node.mapped())) : std::nullopt;
  }

  static constexpr std::size_t kMaxSpareStates = 16;

  const SearchOptions& options_;
  const Dataset& train_;
  ThreadPool& pool_;
  const SearchEvents& events_;
  const std::atomic<bool>& outer_stop_;
  const Stopwatch stopwatch_;
  std::map<std::pair<int, int>, TrialResult> known_;  // by trial and epochs
  std::int64_t epochs_to_train_ = 0;                  // with a number of trials
  std::atomic<bool> stop_{false};

  std::mutex mutex_;  // guards what follows
  std::vector<Rung> rungs_;
  std::map<int, TrialResult> last_;   // by trial
  std::map<int, TrainState> states_;  // of trials that may go on
  int trials_begun_ = 0;              // without a number of trials
  std::int64_t epochs_trained_ = 0;
};

}  // namespace

bool is_better(const TrialResult& a, const TrialResult& b) {
  const auto rank = [](const TrialResult& result) {
    const Score worst = {.loss = 0, .accuracy = -1};
    const Score score = result.validation.value_or(worst);
    return std::tuple(-result.epochs, -score.accuracy, score.loss, result.trial);
  };
  return rank(a) < rank(b);
}

SearchResult search(const SearchOptions& options, const std::vector<TrialResult>& known,
                    const Dataset& train, ThreadPool& pool, const SearchEvents& events,
                    const std::atomic<bool>& stop) {
  return Search(options, known, train, pool, events, stop).run();
}

Spread speedup_side_by_side(const Recipe& recipe, const Dataset& train, ThreadPool& pool) {
  constexpr int kSteps = 20;  // in a row, long beside a fork and a join
  const int count = std::min(pool.worker_count(), pool.cpu_count());
  std::vector<std::unique_ptr<ThreadPool>> pools;
  std::vector<std::unique_ptr<Trainer>> trainers;
  for (int i = 0; i < count; ++i) {
    pools.push_back(std::make_unique<ThreadPool>(1, 1));
    trainers.push_back(std::make_unique<Trainer>(recipe, kAlone, train, *pools.back()));
  }
  const auto train_one = [&](int index, int) {
    for (int step = 0; step < kSteps; ++step) trainers[static_cast<std::size_t>(index)]->step();
  };
  Race race = {.cpus = pool.cpu_count()};
  race.add({.name = "alone"}, [&] { train_one(0, 0); });
  race.add({.name = "side by side", .workers = count, .amount = static_cast<double>(count)},
           [&] { pool.run(count, train_one); });
  race.run({.warmup = 1, .rounds = 9, .seconds = 0.5});
  return speedup(race.contenders[1], race.contenders[0]);
}

}  // namespace trp
