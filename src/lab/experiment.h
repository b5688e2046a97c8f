#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "data/dataset.h"
#include "measure/race.h"
#include "measure/statistics.h"

namespace trp {

/// What experiments are made with.
struct LabContext {
  const DataSets& data;
  int cpus = 1;
  bool quick = false;  // less of everything: to see that it works
  std::uint64_t seed = 1;

  template <class Value>
  Value pick(Value normally, Value quickly) const {
    return quick ? quickly : normally;
  }

  /// A race of such contenders takes about 2 s.
  RaceOptions race_options() const { return {.seconds = pick(2.0, 0.15)}; }
};

using Cell = std::variant<std::string, double, Spread>;

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
/// follows from their times. Belongs to one thread, which starts others of its own.
struct Experiment {
  std::string_view name;
  std::string_view title;
  std::string_view claim;     // what the guide teaches
  std::string_view takeaway;  // what to remember when it holds

  /// Throws Error if the data are of no use for it, or if the system refuses what it needs.
  Race (*run)(const LabContext& context);
  Table (*table)(const Race& race);
  Verdict (*verdict)(const Race& race);
};

/// All, in the order in which to learn from them.
std::span<const Experiment* const> experiments();

/// Null if there is none of this name.
const Experiment* find_experiment(std::string_view name);

// Each in a file of its own.

extern const Experiment kVectorizeExperiment;
extern const Experiment kSamplesExperiment;
extern const Experiment kConvExperiment;
extern const Experiment kAccumulateExperiment;
extern const Experiment kTinyExperiment;
extern const Experiment kDependencyExperiment;
extern const Experiment kMemoryExperiment;
extern const Experiment kLockingExperiment;
extern const Experiment kFalseSharingExperiment;
extern const Experiment kOversubscribeExperiment;
extern const Experiment kImbalanceExperiment;
extern const Experiment kProcessesExperiment;
extern const Experiment kLoaderExperiment;
extern const Experiment kModelExperiment;
extern const Experiment kPipelineExperiment;
extern const Experiment kAmdahlExperiment;

// For tables and verdicts.

/// "Holds here: …" or "Not here: …".
Verdict make_verdict(bool holds, const std::string& text);

/// "1.82 times as fast as …", "3.6 times slower than …", "about as fast as … (1.02 times, 0.95 to
/// 1.07)".
std::string speed_text(const Spread& speedup, std::string_view base);

/// Three figures: "0.00123", "12.3", "1234". For people.
std::string short_number(double value);

/// For the last column of a table; empty when each worker has a CPU.
std::string workers_note(int workers, int cpus);

/// A row for each contender: its name under `what`, its workers, the amount per second under
/// `unit`, the speedup against its base, and a note if there is no CPU for each worker.
Table rate_table(const Race& race, const std::string& what, const std::string& unit);

}  // namespace trp
