#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiment.h"
#include "lab/workers.h"

namespace trp {
namespace {

TRP_SAME_CODE void square(const std::vector<float>& x, Range range, std::vector<float>& y) {
  for (Index i = range.begin; i < range.end; ++i) {
    const float value = x[static_cast<std::size_t>(i)];
    y[static_cast<std::size_t>(i)] = value * value;
  }
}

// Whole numbers whose squares are floats, so that integers can check them.
Index value_at(std::size_t i) { return static_cast<Index>(i % 1000); }

std::string name_of(double elements) { return fmt::format("{:.0f} elements", elements); }

Race run(const LabContext& context) {
  const int workers = judged_workers(context.cpus);
  Pools pools(context.cpus, {&workers, 1});
  const auto fitting = static_cast<double>(memory_to_fill() / (2 * sizeof(float)));
  const double largest = std::min(context.pick(1e8, 1e6), fitting);
  std::vector<float> x(static_cast<std::size_t>(largest));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(value_at(i));
  std::vector<float> y(x.size());
  Race race = {.cpus = context.cpus};
  for (double elements = 100; elements <= largest; elements *= 10) {
    const auto n = static_cast<Index>(elements);
    race.check = [&y, n](const Work& work) {
      std::fill_n(y.begin(), n, -1.0F);
      work();
      bool right = true;
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        right &= static_cast<Index>(y[i]) == value_at(i) * value_at(i);
      return right;
    };
    race.add({name_of(elements), 1, elements}, [&, n] {
      square(x, {0, n}, y);
      keep(y[0]);
    });
    race.add({name_of(elements), workers, elements}, [&, n] {
      pools.share_out(workers, n, [&](Range part, int) { square(x, part, y); });
      keep(y[0]);
    });
  }
  race.run(context.race_options());
  return race;
}

/// By workers, of a number of elements.
struct Crossing {
  double elements;
  Spread speedup;
};

/// For each number of elements, in ascending order.
std::vector<Crossing> speedups_of(const Race& race) {
  std::vector<Crossing> speedups;
  for (const Contender& alone : race.contenders)
    if (alone.workers == 1)
      speedups.push_back(
          {alone.amount, race.speedup({alone.name, judged_workers(race.cpus)}, {alone.name})});
  return speedups;
}

Table table(const Race& race) {
  const int workers = judged_workers(race.cpus);
  Table table = {
      {"elements", "sequential µs", fmt::format("{} workers µs", workers), "times as fast", "note"},
      {}};
  for (const auto& [elements, speedup] : speedups_of(race)) {
    const std::string name = name_of(elements);
    table.rows.push_back({elements, scaled(race.seconds({name}), 1e6),
                          scaled(race.seconds({name, workers}), 1e6), speedup,
                          workers_note(workers, race.cpus)});
  }
  return table;
}

/// The crossover is the first size from which on workers are faster at all sizes.
Verdict verdict(const Race& race) {
  const std::vector<Crossing> speedups = speedups_of(race);
  const Crossing& smallest = speedups.front();
  const Crossing& largest = speedups.back();
  if (!is_faster(largest.speedup)) {
    return make_verdict(
        false, fmt::format("with {:.0f} elements, the most that were tried, workers are {}.",
                           largest.elements, speed_text(largest.speedup, "one")));
  }
  const auto not_faster = std::ranges::find_if_not(
      speedups.rbegin(), speedups.rend(), [](const Crossing& c) { return is_faster(c.speedup); });
  const Crossing& crossover = *not_faster.base();
  return make_verdict(
      crossover.elements > smallest.elements && is_slower(smallest.speedup),
      fmt::format("workers are faster from {:.0f} elements on, where they are {}; with {:.0f} they "
                  "are {}.",
                  crossover.elements, speed_text(crossover.speedup, "one"), smallest.elements,
                  speed_text(smallest.speedup, "one")));
}

}  // namespace

constinit const Experiment kTinyExperiment = {
    .name = "tiny",
    .title = "Small operations: x² over ever more elements",
    .claim =
        "waking workers and waiting for them costs microseconds, more than a small operation "
        "takes; only beyond a certain size do they pay",
    .takeaway =
        "do not share out what takes less than some ten microseconds; share out more at a "
        "time",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
