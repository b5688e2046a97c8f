#include <algorithm>

#include "lab/experiment.h"

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

void run(Lab& lab) {
  const int workers = lab.judged();
  const auto fitting = static_cast<double>(memory_to_fill() / (2 * sizeof(float)));
  const double largest = std::min(lab.pick(1e8, 1e6), fitting);
  std::vector<float> x(static_cast<std::size_t>(largest));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(value_at(i));
  std::vector<float> y(x.size());
  for (double elements = 100; elements <= largest; elements *= 10) {
    const auto n = static_cast<Index>(elements);
    lab.reset = [&y, n] { std::fill_n(y.begin(), n, -1.0F); };
    lab.is_right = [&y, n] {
      bool right = true;
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
        right &= static_cast<Index>(y[i]) == value_at(i) * value_at(i);
      return right;
    };
    lab.amount = 1e-6 * elements;
    lab.base = fmt::format("{} elements", n);
    lab.add(lab.base, [&, n] {
      square(x, {0, n}, y);
      keep(y[0]);
    });
    lab.add(lab.base, workers, [&, n] {
      lab.share_out(workers, n, [&](Range part, int) { square(x, part, y); });
      keep(y[0]);
    });
  }
  lab.run();
}

/// By workers, for each number of elements, in ascending order.
std::vector<std::pair<std::string, Spread>> speedups_of(const Race& race) {
  std::vector<std::pair<std::string, Spread>> speedups;
  for (const auto& contender : race.contenders)
    if (contender.workers > 1)
      speedups.push_back(
          {contender.name, race.speedup({contender.name, contender.workers}, {contender.name})});
  return speedups;
}

std::vector<Cell> more_cells(const Race& race, const Contender& contender) {
  return {scaled(race.seconds({contender.name, contender.workers}), 1e6)};
}

/// The crossover is the first size from which on workers are faster at all sizes.
Verdict verdict(const Race& race) {
  const auto speedups = speedups_of(race);
  const auto& [smallest, at_smallest] = speedups.front();
  const auto& [largest, at_largest] = speedups.back();
  if (!is_faster(at_largest))
    return make_verdict(false, "with {}, the most that were tried, workers are {}.", largest,
                        speed_text(at_largest, "one"));
  const auto not_faster = std::ranges::find_if_not(
      speedups.rbegin(), speedups.rend(), [](const auto& one) { return is_faster(one.second); });
  const auto& [elements, speedup] = *not_faster.base();
  return make_verdict(elements != smallest && is_slower(at_smallest),
                      "workers are faster from {} on, where they are {}; with {} they are {}.",
                      elements, speed_text(speedup, "one"), smallest,
                      speed_text(at_smallest, "one"));
}

}  // namespace

constinit const Experiment kTinyExperiment = {
    .name = "tiny",
    .section = "Small operations",
    .title = "x² over ever more elements",
    .claim =
        "waking workers and waiting for them costs microseconds, more than a small operation "
        "takes; only beyond a certain size do they pay",
    .takeaway =
        "do not share out what takes less than some ten microseconds; share out more at a "
        "time",
    .in_earnest = "--strategy auto -j auto; bench tells where workers begin to pay",
    .run = run,
    .verdict = verdict,
    .contenders_are = "x²",
    .unit = "M elements/s",
    .more_columns = {"µs"},
    .more_cells = more_cells};

}  // namespace trp
