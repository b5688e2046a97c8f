#pragma once

#include <string>
#include <vector>

#include "lab/experiment.h"
#include "lab/race.h"

namespace trp {

/// Ways of doing the same kind of work, raced against one another.
class Contest {
 public:
  static constexpr std::size_t kItself = static_cast<std::size_t>(-1);

  /// `amount`: how much one call does. `base`: the number of the way that the table compares this
  /// one with. Returns the number of this way.
  std::size_t add(std::string name, int workers, double amount, Work work, std::size_t base = 0);

  void run(double seconds);

  /// How many times as much per second.
  Spread speedup(std::size_t way, std::size_t base) const;

  /// In units of amount.
  Spread per_second(std::size_t way) const;

  /// A row for each way: its name under `what`, its workers, the amount per second under `rate`,
  /// the speedup against its base, and whether there is a CPU for each worker.
  Table table(const std::string& what, const std::string& rate, int cpus) const;

 private:
  struct Way {
    std::string name;
    int workers;
    double amount;
    Work work;
    std::size_t base;
  };

  std::vector<Way> ways_;
  Race race_;
};

}  // namespace trp
