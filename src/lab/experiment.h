#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "lab/lab.h"
#include "measure/race.h"
#include "measure/statistics.h"

namespace trp {

struct WorkersCell {
  int count = 1;
  bool beyond_cpus = false;  // there is no CPU for each of them
};

using Cell = std::variant<std::string, double, Spread, WorkersCell>;

/// A row for each contender.
struct Table {
  std::vector<std::string> columns;  // with their units
  std::vector<std::vector<Cell>> rows;
};

/// What the numbers just measured say of the claim.
struct Verdict {
  bool holds = false;
  std::string text;
};

/// One of the guide's examples: a claim, contenders whose race is to show it, and the verdict that
/// follows from their times.
struct Experiment {
  std::string_view name;
  std::string_view title;
  std::string_view claim;     // what the guide teaches
  std::string_view takeaway;  // what to remember when it holds

  /// Adds contenders and lets them race. Throws Error if the data are of no use for it, or if the
  /// system refuses what it needs.
  void (*run)(Lab& lab);
  Verdict (*verdict)(const Race& race);

  const char* contenders_are;  // the title of the column of their names
  const char* unit;            // of the amount that they do in a second

  // Columns of its own, if any, and what a contender has in them.
  std::array<const char*, 3> more_columns = {};
  std::vector<Cell> (*more_cells)(const Race& race, const Contender& contender) = nullptr;
};

/// Makes the experiment and returns its race, which is over.
Race run_experiment(const Experiment& experiment, const LabContext& context);

/// Names and workers, amounts per second, speedups against the bases, and the columns of its own.
Table make_table(const Experiment& experiment, const Race& race);

/// All, in the order in which to learn from them.
std::span<const Experiment* const> experiments();

/// Null if there is none of this name.
const Experiment* find_experiment(std::string_view name);

// Each in a file of its own.

extern const Experiment kVectorizeExperiment, kSamplesExperiment, kConvExperiment,
    kAccumulateExperiment, kTinyExperiment, kDependencyExperiment, kMemoryExperiment,
    kLockingExperiment, kFalseSharingExperiment, kOversubscribeExperiment, kImbalanceExperiment,
    kProcessesExperiment, kLoaderExperiment, kModelExperiment, kPipelineExperiment,
    kAmdahlExperiment;

// For tables and verdicts.

/// The number of workers that a verdict is about, of those that contenders of this name have, or
/// all of them.
int judged_workers(const Race& race, std::string_view name = {});

/// "Holds here: …" or "Not here: …".
template <class... Values>
Verdict make_verdict(bool holds, fmt::format_string<Values...> text, Values&&... values) {
  return {holds, (holds ? "Holds here: " : "Not here: ") +
                     fmt::format(text, std::forward<Values>(values)...)};
}

/// "1.82 times as fast as …", "3.6 times slower than …", "about as fast as … (1.02 times, 0.95 to
/// 1.07)".
std::string speed_text(const Spread& speedup, std::string_view base);

/// Three figures: "0.00123", "12.3", "1234". For people.
std::string short_number(double value);

}  // namespace trp
