#include "tune/search.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <ranges>
#include <set>
#include <tuple>
#include <utility>

#include "core/fail.h"
#include "formats/json_fields.h"
#include "measure/race.h"
#include "profile/clock.h"
#include "train/recipe_json.h"
#include "trp/trainer.h"

namespace trp {

template <>
struct JsonFields<TrialResult> {
  static constexpr std::tuple kFields{JsonField{"trial", &TrialResult::trial},
                                      JsonField{"epochs", &TrialResult::epochs},
                                      JsonField{"validation", &TrialResult::validation},
                                      JsonField{"seconds", &TrialResult::seconds}};
};

namespace {

constexpr const char* kIdentityKey = "search";
constexpr const char* kFoundKey = "found";
constexpr int kReduction = 3;
constexpr int kMaxTrials = 1'000'000;
const Plan kAlone = {.strategy = StrategyKind::kSequential, .workers = 1};

struct Rung {
  int epochs = 0;
  std::vector<TrialResult> results = {};  // the best first
  std::set<int> promoted = {};            // trials

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

struct Trial {
  std::map<int, TrialResult> results = {};  // by epochs
  std::optional<TrainState> state = {};     // where it stands, unless it is to begin anew
};

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
    for (const TrialResult& result : known) trials_[result.trial].results[result.epochs] = result;
  }

  SearchResult run() {
    if (options_.trials > 0)
      run_rungs();
    else
      run_freely();
    SearchResult found = {.results = {},
                          .best = {},
                          .epochs_trained = epochs_trained_,
                          .seconds = stopwatch_.seconds()};
    for (const auto& [number, trial] : trials_)
      if (!trial.results.empty())
        found.results.push_back(std::ranges::min(trial.results | std::views::values, is_better));
    std::ranges::sort(found.results, is_better);
    if (!found.results.empty()) found.best = std::move(trials_[found.results[0].trial].state);
    return found;
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
    for (Rung& rung : rungs_) {
      pool_.run(static_cast<int>(trials.size()),
                [&](int index, int) { train_to(trials[static_cast<std::size_t>(index)], rung); });
      if (is_stopped()) return;
      trials = rung.best(third(rung.results.size()));
    }
  }

  void run_freely() {
    pool_.run(pool_.worker_count(), [&](int, int) {
      while (const auto job = next_job()) train_to(job->first, *job->second);
    });
  }

  /// The next trial and the rung to train it for.
  std::optional<std::pair<int, Rung*>> next_job() {
    const std::scoped_lock lock(mutex_);
    if (is_stopped() || trials_begun_ == kMaxTrials) return std::nullopt;
    for (std::size_t r = rungs_.size() - 1; r-- > 0;) {
      Rung& rung = rungs_[r];
      const std::size_t count = rung.results.size() / kReduction;
      if (rung.promoted.size() >= count) continue;
      for (const int trial : rung.best(count))
        if (rung.promoted.insert(trial).second) return std::pair(trial, &rungs_[r + 1]);
    }
    return std::pair(trials_begun_++, &rungs_.front());
  }

  /// Looks at the clock, too.
  bool is_stopped() {
    const bool is_late = options_.trials == 0 && stopwatch_.seconds() > options_.seconds;
    if (is_late || outer_stop_.load(std::memory_order_relaxed)) stop_ = true;
    return stop_;
  }

  void train_to(int number, Rung& rung) {
    std::unique_lock lock(mutex_);
    Trial& trial = trials_[number];
    if (const auto known = trial.results.find(rung.epochs); known != trial.results.end())
      return keep(known->second, rung, /*is_known*/ true);
    if (is_stopped()) return;
    std::optional<TrainState> state;
    trial.state.swap(state);
    lock.unlock();
    ThreadPool alone(1, 1);
    Trainer trainer(options_.recipe_of(number), kAlone, train_, alone, nullptr, std::move(state));
    TrialResult result = {.trial = number, .epochs = rung.epochs};
    const auto is_done = [&] { return std::ssize(trainer.state().epochs) == rung.epochs; };
    while (!is_done() && !is_stopped()) {
      const auto epoch = trainer.run_epoch([this](const StepReport&) { is_stopped(); }, stop_);
      if (!epoch) break;
      result.validation = epoch->validation;
      count_epoch();
    }
    lock.lock();
    if (trainer.divergence()) {
      result.validation.reset();
    } else {
      trial.state = trainer.state_to_resume();
      if (!is_done()) return;
    }
    result.seconds = train_seconds(trainer.state());
    trial.results[rung.epochs] = result;
    keep(result, rung, /*is_known*/ false);
  }

  void count_epoch() {
    const std::scoped_lock lock(mutex_);
    ++epochs_trained_;
    const auto done = static_cast<double>(epochs_trained_ + epochs_known_);
    const double share = options_.trials > 0 ? done / static_cast<double>(epochs_to_train_)
                                             : stopwatch_.seconds() / options_.seconds;
    if (events_.progress) events_.progress(std::min(share, 1.0));
  }

  void keep(const TrialResult& result, Rung& rung, bool is_known) {
    const auto place =
        rung.results.insert(std::ranges::upper_bound(rung.results, result, is_better), result);
    const auto rank = static_cast<std::size_t>(place - rung.results.begin());
    // Few of the others will ever be promoted; those begin anew, to the same bits.
    const bool is_last = &rung == &rungs_.back();
    const std::size_t kept =
        is_last ? 1 : std::min(third(rung.results.size()) + kSpareStates, kMaxStates);
    if (const std::size_t out = std::max(rank, kept); out < rung.results.size()) {
      auto& state = trials_[rung.results[out].trial].state;
      if (state && std::ssize(state->epochs) == rung.epochs) state.reset();
    }
    if (is_known)
      epochs_known_ += result.epochs - (&rung == rungs_.data() ? 0 : (&rung - 1)->epochs);
    else if (events_.result)
      events_.result(result);
  }

  static constexpr std::size_t kSpareStates = 16, kMaxStates = 64;  // of a rung

  const SearchOptions& options_;
  const Dataset& train_;
  ThreadPool& pool_;
  const SearchEvents& events_;
  const std::atomic<bool>& outer_stop_;
  const Stopwatch stopwatch_;
  std::int64_t epochs_to_train_ = 0;  // with a number of trials
  std::atomic<bool> stop_{false};

  std::mutex mutex_;         // guards what follows
  std::vector<Rung> rungs_;  // whose number and epochs are constant
  std::map<int, Trial> trials_;
  int trials_begun_ = 0;  // without a number of trials
  std::int64_t epochs_trained_ = 0, epochs_known_ = 0;
};

}  // namespace

bool is_better(const TrialResult& a, const TrialResult& b) {
  const auto rank = [](const TrialResult& result) {
    const Score score = result.validation.value_or(Score());
    return std::tuple(!result.validation, -result.epochs, -score.accuracy, score.loss,
                      result.trial);
  };
  return rank(a) < rank(b);
}

SearchResult search(const SearchOptions& options, const std::vector<TrialResult>& known,
                    const Dataset& train, ThreadPool& pool, const SearchEvents& events,
                    const std::atomic<bool>& stop) {
  return Search(options, known, train, pool, events, stop).run();
}

std::vector<std::uint8_t> encode_search(const Json& identity,
                                        const std::vector<TrialResult>& results) {
  return encode_array_file(
      {.arrays = {},
       .metadata = {{std::string(kKindKey), std::string(kSearchKind)},
                    {kIdentityKey, json_text(identity)},
                    {kFoundKey, json_text({{kFoundKey, value_to_json(results)}})}}},
      ArrayFormat::kSafetensors);
}

std::vector<TrialResult> load_search(const std::string& path, const Json& identity) {
  constexpr int kMaxDepth = 4;
  const DecodedArrayFile file = read_array_file(path);
  const std::string* known = find_metadata(file.content.metadata, kIdentityKey);
  const std::string* found = find_metadata(file.content.metadata, kFoundKey);
  if (!file.verified || !known || !found)
    fail("{}: expected what --checkpoint of tune has written, found another file", path);
  const Json other = parse_json_object(*known, kMaxDepth, {.name = path});
  for (const auto& item : identity.items())
    if (other.value(item.key(), Json()) != item.value())
      fail("{} belongs to a different search: its {} is another; hint: give the same options", path,
           item.key());
  return read_at(path, [&] {
    std::vector<TrialResult> results;
    read_value(parse_json_object(*found, kMaxDepth, {.name = path})[kFoundKey], results);
    return results;
  });
}

Spread speedup_side_by_side(const Recipe& recipe, const Dataset& train, ThreadPool& pool) {
  constexpr double kMinSeconds = 0.02;
  const int count = std::min(pool.worker_count(), pool.cpu_count());
  std::vector<std::unique_ptr<ThreadPool>> pools;
  std::vector<std::unique_ptr<Trainer>> trainers;
  for (int i = 0; i < count; ++i) {
    pools.push_back(std::make_unique<ThreadPool>(1, 1));
    trainers.push_back(std::make_unique<Trainer>(recipe, kAlone, train, *pools.back()));
  }
  int steps = 1;
  const auto train_one = [&](int index, int) {
    for (int step = 0; step < steps; ++step) trainers[static_cast<std::size_t>(index)]->step();
  };
  // Long beside a fork and a join, and beside a core that wakes up.
  for (double seconds = 0; seconds < kMinSeconds; steps *= 2) {
    const Stopwatch stopwatch;
    train_one(0, 0);
    seconds = stopwatch.seconds();
  }
  Race race = {.cpus = pool.cpu_count()};
  race.add({.name = "alone"}, [&] { train_one(0, 0); });
  race.add({.name = "side by side", .workers = count, .amount = static_cast<double>(count)},
           [&] { pool.run(count, train_one); });
  race.run({.warmup = 1, .rounds = 9, .seconds = 0.5});
  return speedup(race.contenders[1], race.contenders[0]);
}

}  // namespace trp
