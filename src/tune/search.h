#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/strict_json.h"
#include "measure/statistics.h"
#include "trp/dataset.h"
#include "trp/recipe.h"
#include "trp/score.h"
#include "trp/thread_pool.h"
#include "trp/train_state.h"

namespace trp {

/// What a trial had come to when it had trained for so many epochs.
struct TrialResult {
  int trial = 0;
  int epochs = 0;
  std::optional<Score> validation = {};  // none if it diverged
  double seconds = 0;                    // of its training so far
};

/// Whether a is better than b: one that did not diverge first, then the one that trained longer,
/// for only the better ones do, then the higher accuracy, the lower loss, the lower number.
bool is_better(const TrialResult& a, const TrialResult& b);

struct SearchOptions {
  /// The recipe of each trial; must be a function of its number. They differ in what is searched
  /// alone: the epochs of all are those of the longest trainings, and all have a validation share.
  std::function<Recipe(int trial)> recipe_of;
  int epochs = 10;
  int trials = 0;      // 0: as many as time allows
  double seconds = 0;  // with trials = 0
};

/// Called by any worker, under a lock; may be empty.
struct SearchEvents {
  std::function<void(const TrialResult&)> result = {};  // of each that was not known
  std::function<void(double share)> progress = {};      // after each epoch: the share that is done
};

struct SearchResult {
  std::vector<TrialResult> results;  // the best of each trial that has one, the best trial first
  std::optional<TrainState> best;    // where the first of these stands, unless its result was known
  std::int64_t epochs_trained = 0;   // by all trials together
  double seconds = 0;                // on the clock
};

/// Looks for the recipe of the highest validation accuracy by successive halving (Jamieson &
/// Talwalkar, "Non-stochastic best arm identification", AISTATS 2016): all trials train for a few
/// epochs, the best third of them for three times as many, and so on; those that go on do so from
/// where they stood. Whole trainings run side by side, one for each worker, on one copy of the
/// data.
///
/// With a number of trials a rung is complete before the next begins, and the results are a
/// function of the options alone. With seconds a trial is promoted as soon as it is among the best
/// third of its rung (ASHA: Li et al., "A system for massively parallel hyperparameter tuning",
/// MLSys 2020), so that no worker waits; what the clock stops is lost.
///
/// `known` are results of an earlier search with the same recipes and data, which are among the
/// results and are not trained for again. When `stop` becomes true the result is what there is so
/// far. Throws what Trainer throws.
SearchResult search(const SearchOptions& options, const std::vector<TrialResult>& known,
                    const Dataset& train, ThreadPool& pool, const SearchEvents& events,
                    const std::atomic<bool>& stop);

/// How files of searches are marked (array_file.h).
inline constexpr std::string_view kSearchKind = "search";

/// Returns the bytes of a file of results and of the rest of what they are a function of, an object
/// of one level. Networks are not kept, since training gives the same bits again.
std::vector<std::uint8_t> encode_search(const Json& identity,
                                        const std::vector<TrialResult>& results);

/// Returns the results. Throws Error if the file cannot be read, is damaged or holds another
/// search.
std::vector<TrialResult> load_search(const std::string& path, const Json& identity);

/// Measures how many times as much work trainings of the recipe do, one on each worker that may run
/// at once, as one that is alone.
Spread speedup_side_by_side(const Recipe& recipe, const Dataset& train, ThreadPool& pool);

}  // namespace trp
