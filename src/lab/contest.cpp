#include "lab/contest.h"

#include <utility>

#include "lab/workers.h"

namespace trp {

std::size_t Contest::add(std::string name, int workers, double amount, Work work,
                         std::size_t base) {
  const std::size_t number = ways_.size();
  ways_.push_back(
      {std::move(name), workers, amount, std::move(work), base == kItself ? number : base});
  return number;
}

void Contest::run(double seconds) {
  std::vector<Work> works;
  for (const Way& way : ways_) works.push_back(way.work);
  race_ = race(works, seconds);
}

Spread Contest::speedup(std::size_t way, std::size_t base) const {
  return scaled(race_.speedup(way, base), ways_[way].amount / ways_[base].amount);
}

Spread Contest::per_second(std::size_t way) const {
  return rate(ways_[way].amount, race_.time_of(way));
}

Table Contest::table(const std::string& what, const std::string& rate_name, int cpus) const {
  Table table = {{what, "workers", rate_name, "times as fast", "note"}, {}};
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    const Way& way = ways_[i];
    table.rows.push_back({way.name, static_cast<double>(way.workers), per_second(i),
                          speedup(i, way.base), workers_note(way.workers, cpus)});
  }
  return table;
}

}  // namespace trp
