#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiment.h"
#include "lab/workers.h"
#include "measure/fma_peak.h"

namespace trp {
namespace {

/// Three arrays that no cache can hold, as in McCalpin's STREAM.
struct Arrays {
  explicit Arrays(Index count) : a(static_cast<std::size_t>(count)), b(a.size()), c(a.size()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      b[i] = static_cast<float>(i % 1000);
      c[i] = static_cast<float>(i % 7);
    }
  }

  void copy(Range range) {
    std::memcpy(a.data() + range.begin, b.data() + range.begin,
                static_cast<std::size_t>(range.size()) * sizeof(float));
  }

  void triad(Range range) {
    for (Index i = range.begin; i < range.end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      a[at] = b[at] + 3 * c[at];
    }
  }

  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> c;
};

Race run(const LabContext& context) {
  const Index count = std::min(context.pick<Index>(16'000'000, 1'000'000),
                               static_cast<Index>(memory_to_fill() / (3 * sizeof(float))));
  const double gigabytes = 1e-9 * sizeof(float) * static_cast<double>(count);  // of an array
  const long rounds = context.pick(200'000L, 5'000L);
  Pools pools(context.cpus);
  Arrays arrays(count);
  const auto gives = [&arrays](float (*expected)(std::size_t i)) -> Check {
    return [&arrays, expected](const Work& work) {
      arrays.a.assign(arrays.a.size(), -1);
      work();
      bool right = true;
      for (std::size_t i = 0; i < arrays.a.size(); ++i) right &= arrays.a[i] == expected(i);
      return right;
    };
  };

  Race race = {.cpus = context.cpus};
  race.check = gives([](std::size_t i) { return static_cast<float>(i % 1000); });
  add_for_each_count(race, "copy", 2 * gigabytes, [&](int workers) {
    pools.share_out(workers, count, [&](Range range, int) { arrays.copy(range); });
    keep(arrays.a[0]);
  });
  race.check = gives([](std::size_t i) { return static_cast<float>(i % 1000 + 3 * (i % 7)); });
  add_for_each_count(race, "triad", 3 * gigabytes, [&](int workers) {
    pools.share_out(workers, count, [&](Range range, int) { arrays.triad(range); });
    keep(arrays.a[0]);
  });
  race.check = nullptr;
  add_for_each_count(race, "arithmetic", 1e-9 * run_fma_peak(rounds), [&](int workers) {
    pools.share_out(workers, rounds, [](Range range, int) { run_fma_peak(range.size()); });
  });
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) {
  Table table = {{"workers", "copy GB/s", "triad GB/s", "arithmetic GFLOP/s", "note"}, {}};
  for (const int workers : kWorkerCounts) {
    table.rows.push_back({static_cast<double>(workers), race.per_second({"copy", workers}),
                          race.per_second({"triad", workers}),
                          race.per_second({"arithmetic", workers}),
                          workers_note(workers, race.cpus)});
  }
  return table;
}

/// The ridge of the roofline: the operations per byte at which one worker's arithmetic takes as
/// long as moving the bytes.
Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const Spread triad = race.speedup({"triad", workers}, {"triad"});
  const Spread arithmetic = race.speedup({"arithmetic", workers}, {"arithmetic"});
  const double ridge = race.per_second({"arithmetic"}).median / race.per_second({"triad"}).median;
  return make_verdict(
      triad.upper < arithmetic.lower,
      fmt::format(
          "moving memory, {0} workers are {1}; in arithmetic they are {2}. The roofline's "
          "ridge is at {3} operations per byte: with fewer, as in the triad (0.17), memory is "
          "the limit.",
          workers, speed_text(triad, "one"), speed_text(arithmetic, "one"), short_number(ridge)));
}

}  // namespace

constinit const Experiment kMemoryExperiment = {
    .name = "memory",
    .title = "Memory-bound operations: bytes against arithmetic",
    .claim =
        "all workers share one memory: what only moves data gains less from more workers than "
        "what computes",
    .takeaway = "do more arithmetic per byte (blocking, fusing operations) before adding workers",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
