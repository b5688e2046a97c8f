#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "measure/statistics.h"
#include "report/environment.h"
#include "report/json.h"
#include "report/table.h"
#include "trp/train.h"
#include "tune/search.h"

namespace trp {

/// What a search looks for and with what.
struct TuneStart {
  Environment environment = {};
  std::string data = {};                 // where it came from, for people
  Recipe recipe = {};                    // of the first trial
  Json space = {};                       // by options
  std::vector<std::string> fields = {};  // of a recipe's JSON that these set
  int workers = 1;
  int trials = 0;      // 0: as many as time allows
  double seconds = 0;  // with trials = 0
};

/// What a search has come to.
struct TuneSummary {
  const SearchResult& search;
  std::function<std::string(int trial)> options_of;  // as on the command line; or "as given"
  std::function<Recipe(int trial)> recipe_of;
  int workers = 1;                          // that may train at once
  std::optional<Spread> gain = {};          // of trainings side by side over one that is alone
  std::optional<TrainResult> trained = {};  // with the best options; none if stopped before
  Recipe recipe = {};                       // of that training
  std::string command = {};                 // that does it
};

/// The settings, for people: what is searched.
std::string tune_settings(const TuneStart& start);

/// A header and a row for each of the ten best, whose options are the last cell.
std::vector<Cells> best_rows(const TuneSummary& summary);

/// A table of the ten best, not wider than `width` as far as that is possible, and a summary, whose
/// last line is the command, for people.
std::string tune_text(const TuneSummary& summary, std::size_t width, bool color);

/// The events of the machine format, whose fields README.md lists.
Json tune_start_object(const TuneStart& start);
Json trial_object(const TrialResult& result, const Recipe& recipe);
Json tune_summary_object(const TuneSummary& summary);

/// A page of a search: every trial, the path of the best, and which option mattered. `results` are
/// those of all rungs.
std::string tune_page(const TuneStart& start, const TuneSummary& summary,
                      std::span<const TrialResult> results, const std::string& command_line);

/// A line of at most `width` columns: "━━━━━━╸   31%  41 trials  best 98.41 %  ETA 0:41"
std::string tune_progress_line(double share, double elapsed_seconds, std::int64_t trials,
                               const std::optional<Score>& best, int width, bool color);

}  // namespace trp
