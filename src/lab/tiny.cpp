#include <algorithm>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiments.h"
#include "lab/free_memory.h"
#include "lab/verdicts.h"
#include "lab/workers.h"

namespace trp {
namespace {

TRP_SAME_CODE void square(const std::vector<float>& x, Range range, std::vector<float>& y) {
  for (Index i = range.begin; i < range.end; ++i) {
    const float value = x[static_cast<std::size_t>(i)];
    y[static_cast<std::size_t>(i)] = value * value;
  }
}

Findings run(const LabContext& context) {
  const int workers = judged_workers(context.cpus);
  const std::array<int, 1> counts = {workers};
  Pools pools(counts, context.cpus);
  const double fitting = static_cast<double>(memory_to_fill() / (2 * sizeof(float)));
  const double largest = std::min(context.pick(1e8, 1e6), fitting);
  std::vector<double> sizes;
  for (double n = 100; n <= largest; n *= 10) sizes.push_back(n);

  // Whole numbers whose squares are floats, so that integers can check them.
  const auto expected = [](Index i) { return i % 1000; };
  std::vector<float> x(static_cast<std::size_t>(sizes.back()));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(expected(static_cast<Index>(i)));
  std::vector<float> y(x.size());
  const auto share_out = [&](Index n) {
    pools.of(workers).run(workers,
                          [&](int part, int) { square(x, split_evenly(n, workers, part), y); });
  };
  const auto squares_are_right = [&] {
    for (std::size_t i = 0; i < y.size(); ++i) {
      const Index value = expected(static_cast<Index>(i));
      if (static_cast<Index>(y[i]) != value * value) return false;
    }
    return true;
  };
  const auto all = static_cast<Index>(x.size());
  square(x, {0, all}, y);
  bool correct = squares_are_right();
  y.assign(y.size(), -1);
  share_out(all);
  correct &= squares_are_right();

  Findings findings = {{{"elements", "sequential µs", fmt::format("{} workers µs", workers),
                         "times as fast", "note"},
                        {}},
                       correct,
                       {}};
  std::vector<Spread> speedups;
  for (const double size : sizes) {
    const auto n = static_cast<Index>(size);
    const std::array<Work, 2> works = {[&] {
                                         square(x, {0, n}, y);
                                         keep(y[0]);
                                       },
                                       [&] {
                                         share_out(n);
                                         keep(y[0]);
                                       }};
    const Race timed = race(works, context.seconds() / static_cast<double>(sizes.size()));
    speedups.push_back(timed.speedup(1, 0));
    findings.table.rows.push_back({size, scaled(timed.time_of(0), 1e6),
                                   scaled(timed.time_of(1), 1e6), speedups.back(),
                                   workers_note(workers, context.cpus)});
  }
  findings.verdict = tiny_verdict(sizes, speedups);
  return findings;
}

}  // namespace

std::optional<std::size_t> crossover(std::span<const Spread> speedups) {
  std::size_t first = speedups.size();
  while (first > 0 && is_faster(speedups[first - 1])) --first;
  return first < speedups.size() ? std::optional(first) : std::nullopt;
}

Verdict tiny_verdict(std::span<const double> elements, std::span<const Spread> speedups) {
  const auto first = crossover(speedups);
  if (!first) {
    return make_verdict(
        false, fmt::format("with {:.0f} elements, the most that were tried, workers are {}.",
                           elements.back(), speed_text(speedups.back(), "one")));
  }
  return make_verdict(
      *first > 0 && is_slower(speedups.front()),
      fmt::format("workers are faster from {:.0f} elements on, where they are {}; with {:.0f} they "
                  "are {}.",
                  elements[*first], speed_text(speedups[*first], "one"), elements.front(),
                  speed_text(speedups.front(), "one")));
}

constinit const Experiment kTinyExperiment = {
    .name = "tiny",
    .title = "Small operations: x² over ever more elements",
    .claim =
        "waking workers and waiting for them costs microseconds, more than a small operation "
        "takes; only beyond a certain size do they pay",
    .takeaway =
        "do not share out what takes less than some ten microseconds; share out more at a "
        "time",
    .run = run};

}  // namespace trp
