#include "tune/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "catch.h"
#include "data/synthetic.h"
#include "formats/array_file.h"
#include "temporary_folder.h"
#include "train/recipe_json.h"
#include "trp/error.h"
#include "trp/train.h"
#include "trp/trainer.h"
#include "tune/importance.h"

using namespace trp;

namespace {

const std::atomic<bool> kNeverStop{false};

Recipe base() {
  return {.hidden = {10},
          .class_count = 5,
          .validation_share = 0.25,
          .epochs = 9,
          .batch_size = 16,
          .seed = 3};
}

/// Rates from 0.01 to 1, and every kind of the rest with each.
Recipe recipe_of(int trial) {
  Recipe recipe = base();
  if (trial == 0) return recipe;
  recipe.hidden = {8 + 4 * (trial % 3)};
  recipe.learning_rate = 0.01 * std::pow(100, (trial * 7 % 20) / 19.0);
  recipe.batch_size = trial % 2 == 0 ? 8 : 16;
  return recipe;
}

SearchOptions trials(int count) {
  return {.recipe_of = recipe_of, .epochs = 9, .trials = count, .seconds = 0};
}

/// By trial and epochs, without the times.
using Scores = std::map<std::pair<int, int>, std::optional<double>>;

std::pair<int, int> key(const TrialResult& result) { return {result.trial, result.epochs}; }

std::optional<double> accuracy(const TrialResult& result) {
  return result.validation ? std::optional(result.validation->accuracy) : std::nullopt;
}

auto all_of(const std::vector<TrialResult>& results) {
  std::vector<std::tuple<std::pair<int, int>, std::optional<double>, double>> all;
  for (const TrialResult& result : results)
    all.emplace_back(key(result), accuracy(result), result.seconds);
  return all;
}

struct Outcome {
  SearchResult result;
  Scores scores;                     // as told
  std::vector<TrialResult> results;  // likewise
};

Outcome run(const SearchOptions& options, int workers, const std::vector<TrialResult>& known = {},
            const std::atomic<bool>& stop = kNeverStop) {
  const DataSets data = synthetic_data(200, 20, 60, 5);
  ThreadPool pool(workers, workers);
  Outcome outcome;
  const SearchEvents events = {.result = [&](const TrialResult& result) {
    outcome.scores[key(result)] = accuracy(result);
    outcome.results.push_back(result);
  }};
  outcome.result = search(options, known, data.train, pool, events, stop);
  return outcome;
}

}  // namespace

TEST_CASE("a search of so many trials promotes the best third of each rung, for any workers") {
  const Outcome one = run(trials(20), 1);
  std::map<int, std::vector<TrialResult>> rungs;
  for (const TrialResult& result : one.results) rungs[result.epochs].push_back(result);
  CHECK(rungs[1].size() == 20);
  CHECK(rungs[3].size() == 7);
  CHECK(rungs[9].size() == 3);
  for (const auto& [lower, higher] : {std::pair(1, 3), {3, 9}}) {
    std::ranges::sort(rungs[lower], is_better);
    std::set<int> best, promoted;
    for (std::size_t i = 0; i < rungs[higher].size(); ++i) best.insert(rungs[lower][i].trial);
    for (const TrialResult& result : rungs[higher]) promoted.insert(result.trial);
    CHECK(best == promoted);
  }
  CHECK(one.result.results.size() == 20);
  CHECK(one.result.epochs_trained == 20 + 7 * 2 + 3 * 6);
  for (const int workers : {2, 5}) {
    const Outcome others = run(trials(20), workers);
    CHECK(others.scores == one.scores);
    CHECK(key(others.result.results.front()) == key(one.result.results.front()));
    REQUIRE(others.result.best);
    CHECK(weights_digest(others.result.best->mlp) == weights_digest(one.result.best->mlp));
  }
}

TEST_CASE("a trial that was promoted has the weights of a training that was never stopped") {
  const DataSets data = synthetic_data(200, 20, 60, 5);
  const Outcome outcome = run(trials(9), 2);
  const int best = outcome.result.results.front().trial;
  ThreadPool pool(1, 1);
  const TrainResult alone =
      train(recipe_of(best), {.strategy = StrategyKind::kSequential}, data, pool, {}, kNeverStop);
  CHECK(weights_digest(outcome.result.best->mlp) == alone.weights);
  CHECK(alone.validation->accuracy == *accuracy(outcome.result.results.front()));
}

TEST_CASE("a search by the clock promotes only from the best third and uses its time") {
  SearchOptions options = trials(0);
  options.seconds = 0.5;
  const Outcome outcome = run(options, 2);
  std::map<int, std::size_t> counts;
  for (const TrialResult& result : outcome.results) ++counts[result.epochs];
  CHECK(counts[1] >= 9);
  CHECK(2 * counts[3] <= counts[1]);  // ranks change, so that some more than a third are promoted
  CHECK(2 * counts[9] <= counts[3]);
  CHECK(outcome.result.seconds >= 0.5);
  CHECK(outcome.result.results.size() == counts[1]);
  const int epochs = outcome.result.results.front().epochs;
  for (const TrialResult& result : outcome.result.results) CHECK(result.epochs <= epochs);
}

TEST_CASE("what is known is not trained for again, and changes nothing") {
  const Outcome whole = run(trials(12), 2);
  std::vector<TrialResult> half(whole.results.begin(), whole.results.begin() + 8);
  const Outcome rest = run(trials(12), 2, half);
  for (const TrialResult& result : half) CHECK(rest.scores.count(key(result)) == 0);
  CHECK(rest.scores.size() + half.size() == whole.scores.size());
  CHECK(key(rest.result.results.front()) == key(whole.result.results.front()));
  for (const auto& [place, score] : rest.scores) CHECK(whole.scores.at(place) == score);

  const Outcome nothing = run(trials(12), 2, whole.results);
  CHECK(nothing.scores.empty());
  CHECK(nothing.result.epochs_trained == 0);
  CHECK_FALSE(nothing.result.best);
  CHECK(all_of(nothing.result.results) == all_of(whole.result.results));
}

TEST_CASE("what is known is among the results of a search that is stopped at once") {
  const Outcome whole = run(trials(12), 2);
  const std::atomic<bool> at_once{true};
  const Outcome stopped = run(trials(30), 2, whole.results, at_once);
  CHECK(stopped.scores.empty());
  CHECK(key(stopped.result.results.front()) == key(whole.result.results.front()));
}

TEST_CASE("a trial that diverged is worse than any other, however long it trained") {
  const TrialResult short_one = {.trial = 7, .epochs = 1, .validation = Score{3, 0.1, 10}};
  const TrialResult diverged = {.trial = 2, .epochs = 9};
  CHECK(is_better(short_one, diverged));
  CHECK_FALSE(is_better(diverged, short_one));
}

TEST_CASE("a search that is stopped returns what there is") {
  std::atomic<bool> stop{false};
  const DataSets data = synthetic_data(200, 20, 60, 5);
  ThreadPool pool(2, 2);
  int told = 0;
  const SearchEvents events = {.result = [&](const TrialResult&) { stop = ++told == 5; }};
  const SearchResult result = search(trials(20), {}, data.train, pool, events, stop);
  CHECK(result.results.size() >= 5);
  CHECK(result.results.size() <= 6);

  const std::atomic<bool> at_once{true};
  CHECK(run(trials(20), 2, {}, at_once).result.results.empty());
}

TEST_CASE("trials that diverge lose, and what one throws comes out") {
  SearchOptions options = trials(6);
  options.recipe_of = [](int trial) {
    Recipe recipe = base();
    if (trial != 4) recipe.learning_rate = 1e30;
    return recipe;
  };
  const Outcome outcome = run(options, 2);
  CHECK(outcome.result.results.front().trial == 4);
  CHECK(std::ranges::count_if(outcome.result.results,
                              [](const TrialResult& result) { return !result.validation; }) == 5);
  options.recipe_of = [](int) -> Recipe { throw std::runtime_error("no recipe"); };
  CHECK_THROWS_WITH(run(options, 2), "no recipe");
}

TEST_CASE("a search is the same when it was saved and loaded") {
  const Outcome outcome = run(trials(6), 1);
  const Json identity = {{"lr", {0.1, 0.2}}, {"data", "xxh128:0"}};
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "search").string();
  const std::vector<std::uint8_t> bytes = encode_search(identity, outcome.results);
  folder.write("search", std::string(bytes.begin(), bytes.end()));
  CHECK(all_of(load_search(path, identity)) == all_of(outcome.results));
  Json other = identity;
  other["data"] = "xxh128:1";
  CHECK_THROWS_WITH(load_search(path, other), Catch::Contains("a different search: its data"));
  const auto start = std::span(bytes).first(128);
  CHECK(starts_own_file(start, kSearchKind));
  CHECK_FALSE(starts_own_file(start, ""));  // no model
  CHECK_FALSE(starts_checkpoint(start));
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    std::vector<std::uint8_t> damaged = bytes;
    damaged[i] ^= 1;
    folder.write("search", std::string(damaged.begin(), damaged.end()));
    CHECK_THROWS_AS(load_search(path, identity), Error);
  }
}

TEST_CASE(
    "trainings side by side do more than one alone, and not more than so many times as much") {
  const DataSets data = synthetic_data(200, 20, 60, 5);
  ThreadPool pool(2, 2);
  const Spread gain = speedup_side_by_side(base(), data.train, pool);
  CHECK(gain.median > 0.1);
  CHECK(gain.lower <= gain.median);
}

TEST_CASE("an option's importance is the share of the variance that it explains") {
  std::vector<TrialScore> scores;
  for (int i = 0; i < 12; ++i) {
    Recipe recipe = base();
    recipe.batch_size = i % 2 == 0 ? 8 : 16;                                // decides
    recipe.learning_rate = 0.01 * (i + 1);                                  // explains a little
    recipe.optimizer = i < 6 ? OptimizerKind::kSgd : OptimizerKind::kAdam;  // nothing
    scores.push_back({to_json(recipe), i % 2 == 0 ? 0.5 : 0.9});
  }
  const std::vector<std::string> fields = {"optimizer", "lr", "batch_size"};
  const auto importance = importance_of(fields, scores);
  REQUIRE(importance.size() == 3);
  CHECK(importance[0].first == "batch_size");
  CHECK(importance[0].second == Approx(1));
  CHECK(importance[1].second == Approx(0).margin(1e-12));
  scores[0].accuracy = 0.9;  // of the lowest third of the rates three are at 0.9 then, one at 0.5
  const auto other = importance_of(fields, scores);
  // Σ within thirds: 0.12 + 0.16 + 0.16; in all: 7 of 0.9 and 5 of 0.5 have 0.16 · 35 / 12.
  CHECK(other[1].first == "lr");
  CHECK(other[1].second == Approx(1 - 0.44 / (0.16 * 35 / 12)));
  CHECK(importance_of(fields, {})[0].second == 0);
}
