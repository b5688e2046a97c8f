#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/partition.h"
#include "lab/experiments.h"
#include "lab/free_memory.h"
#include "lab/verdicts.h"
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

Findings run(const LabContext& context) {
  const Index count = std::min(context.pick<Index>(16'000'000, 1'000'000),
                               static_cast<Index>(memory_to_fill() / (3 * sizeof(float))));
  const auto n = static_cast<double>(count);
  const long rounds = context.pick(200'000L, 5'000L);
  Pools pools(kWorkerCounts, context.cpus);
  Arrays arrays(count);
  const auto copy = [&](int workers) {
    pools.of(workers).run(workers,
                          [&](int part, int) { arrays.copy(split_evenly(count, workers, part)); });
    keep(arrays.a[0]);
  };
  const auto triad = [&](int workers) {
    pools.of(workers).run(workers,
                          [&](int part, int) { arrays.triad(split_evenly(count, workers, part)); });
    keep(arrays.a[0]);
  };
  const auto arithmetic = [&](int workers) {
    pools.of(workers).run(workers, [&](int part, int) {
      run_fma_peak(static_cast<long>(split_evenly(rounds, workers, part).size()));
    });
  };

  bool correct = true;
  for (const int workers : kWorkerCounts) {
    arrays.a.assign(arrays.a.size(), -1);
    copy(workers);
    correct &= arrays.a == arrays.b;
    triad(workers);
    for (std::size_t i = 0; i < arrays.a.size(); ++i)
      correct &= static_cast<std::size_t>(arrays.a[i]) == i % 1000 + 3 * (i % 7);
  }

  std::vector<Work> works;
  for (const int workers : kWorkerCounts) {
    works.push_back([&copy, workers] { copy(workers); });
    works.push_back([&triad, workers] { triad(workers); });
    works.push_back([&arithmetic, workers] { arithmetic(workers); });
  }
  const Race timed = race(works, context.seconds());
  const double flops = run_fma_peak(rounds);
  Findings findings = {
      {{"workers", "copy GB/s", "triad GB/s", "arithmetic GFLOP/s", "note"}, {}}, correct, {}};
  const int judged = judged_workers(context.cpus);
  for (std::size_t w = 0; w < kWorkerCounts.size(); ++w) {
    const int workers = kWorkerCounts[w];
    findings.table.rows.push_back(
        {static_cast<double>(workers), rate(2 * sizeof(float) * n * 1e-9, timed.time_of(3 * w)),
         rate(3 * sizeof(float) * n * 1e-9, timed.time_of(3 * w + 1)),
         rate(flops * 1e-9, timed.time_of(3 * w + 2)), workers_note(workers, context.cpus)});
    if (workers == judged) {
      const double bytes_per_second = 3 * sizeof(float) * n / timed.time_of(1).median;
      findings.verdict =
          memory_verdict(workers, timed.speedup(3 * w + 1, 1), timed.speedup(3 * w + 2, 2),
                         flops / timed.time_of(2).median / bytes_per_second);
    }
  }
  return findings;
}

}  // namespace

Verdict memory_verdict(int workers, const Spread& triad, const Spread& arithmetic, double ridge) {
  return make_verdict(
      triad.upper < arithmetic.lower,
      fmt::format(
          "moving memory, {0} workers are {1}; in arithmetic they are {2}. The roofline's "
          "ridge is at {3} operations per byte: with fewer, as in the triad (0.17), memory is "
          "the limit.",
          workers, speed_text(triad, "one"), speed_text(arithmetic, "one"), short_number(ridge)));
}

constinit const Experiment kMemoryExperiment = {
    .name = "memory",
    .title = "Memory-bound operations: bytes against arithmetic",
    .claim =
        "all workers share one memory: what only moves data gains less from more workers than "
        "what computes",
    .takeaway = "do more arithmetic per byte (blocking, fusing operations) before adding workers",
    .run = run};

}  // namespace trp
