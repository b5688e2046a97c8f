#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "data/dataset.h"
#include "lab/race.h"

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

  /// What an experiment may spend on timing, more or less.
  double seconds() const { return pick(2.0, 0.15); }
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

/// "Holds here: …" or "Not here: …".
Verdict make_verdict(bool holds, const std::string& text);

struct Findings {
  Table table;
  bool correct = false;  // what is timed gives the right results, checked another way before
  Verdict verdict;
};

/// One of the guide's examples. Belongs to one thread, which starts others of its own.
struct Experiment {
  std::string_view name;
  std::string_view title;
  std::string_view claim;     // what the guide teaches
  std::string_view takeaway;  // what to remember when it holds
  Findings (*run)(const LabContext& context);
};

/// All, in the order in which to learn from them.
std::span<const Experiment* const> experiments();

/// Null if there is none of this name.
const Experiment* find_experiment(std::string_view name);

}  // namespace trp
