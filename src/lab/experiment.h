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

using Cell = std::variant<std::string, int, double, Spread>;

/// A row for each contender.
struct Table {
  std::vector<std::string> columns;  // with their units
  std::vector<std::vector<Cell>> rows;
};

/// What the numbers just measured say of the claim.
struct Verdict {
  bool holds = false;
  std::string text;
  bool withheld = false;  // CPU time that other programs took could have made it
};

/// One of the guide's examples: a claim, contenders whose race is to show it, and the verdict that
/// follows from their times.
struct Experiment {
  std::string_view name;
  std::string_view section;   // of the guide
  std::string_view title;     // what of it
  std::string_view claim;     // what the guide teaches
  std::string_view takeaway;  // what to remember when it holds

  // For the list of all.
  std::string_view in_earnest = {};  // what of the program does the same in earnest, if anything
  std::string_view correction = {};  // where the guide's own code is wrong, if it is

  /// Adds contenders and lets them race. Throws Error if the data are of no use for it, or if the
  /// system refuses what it needs.
  void (*run)(Lab& lab);

  /// Returns what follows from the race, were the machine ours alone.
  Verdict (*verdict)(const Race& race);

  const char* contenders_are;  // the title of the column of their names
  const char* unit;            // of the amount that they do in a second

  // Columns of its own, if any, and what a contender has in them.
  std::array<const char*, 3> more_columns = {};
  std::vector<Cell> (*more_cells)(const Race& race, const Contender& contender) = nullptr;
};

/// Makes the experiment and returns its race, which is over.
Race run_experiment(const Experiment& experiment, const LabContext& context);

/// Whether a contender has more workers than there are CPUs.
bool exceeds_cpus(const Race& race);

/// "Matrix operations: parallelism within one core": the section, too.
std::string heading_of(const Experiment& experiment);

/// Names and workers, amounts per second, speedups against the bases, and the columns of its own.
Table make_table(const Experiment& experiment, const Race& race);

/// Returns the experiment's verdict, or that it is withheld.
Verdict judge(const Experiment& experiment, const Race& race);

/// All, in the order in which to learn from them.
std::span<const Experiment* const> experiments();

/// Null if there is none of this name.
const Experiment* find_experiment(std::string_view name);

// Each in a file of its own.

extern const Experiment kVectorizeExperiment, kProductExperiment, kSamplesExperiment,
    kConvExperiment, kAccumulateExperiment, kPredictExperiment, kTinyExperiment,
    kDependencyExperiment, kMemoryExperiment, kWaitingExperiment, kLockingExperiment,
    kFalseSharingExperiment, kOversubscribeExperiment, kImbalanceExperiment, kProcessesExperiment,
    kLoaderExperiment, kModelExperiment, kPipelineExperiment, kStagesExperiment, kAmdahlExperiment;

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
