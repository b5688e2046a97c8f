#include <atomic>

#include <fmt/format.h>

#include "lab/contest.h"
#include "lab/experiments.h"
#include "lab/verdicts.h"
#include "lab/workers.h"

namespace trp {
namespace {

// Each worker writes to a counter of its own, so plain loads and stores will do.
using Counter = std::atomic<std::int64_t>;

struct Neighbours {
  alignas(kCacheLineBytes) std::array<Counter, kWorkerCounts.back()> counters{};

  Counter& of(int worker) { return counters[static_cast<std::size_t>(worker)]; }
};

struct Apart {
  struct alignas(kCacheLineBytes) Line {
    Counter counter{0};
  };
  std::array<Line, kWorkerCounts.back()> lines;

  Counter& of(int worker) { return lines[static_cast<std::size_t>(worker)].counter; }
};

TRP_SAME_CODE void increment(Counter& counter, Index count) {
  for (Index i = 0; i < count; ++i)
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

Findings run(const LabContext& context) {
  const auto count = context.pick<Index>(500'000, 20'000);  // of each worker
  Pools pools(kWorkerCounts, context.cpus);
  Neighbours neighbours;
  Apart apart;
  const int judged = judged_workers(context.cpus);
  Contest contest;
  bool correct = true;
  const auto add_ways = [&](const std::string& name, auto& counters) {
    std::size_t judged_way = 0;
    for (const int workers : kWorkerCounts) {
      const Work work = [&counters, &pools, workers, count] {
        pools.of(workers).run_together(
            workers, [&](int worker, int) { increment(counters.of(worker), count); });
      };
      for (int worker = 0; worker < workers; ++worker) counters.of(worker) = 0;
      work();
      for (int worker = 0; worker < workers; ++worker) correct &= counters.of(worker) == count;
      const auto way =
          contest.add(name, workers, 1e-6 * static_cast<double>(count) * workers, work);
      if (workers == judged) judged_way = way;
    }
    return judged_way;
  };
  const std::size_t side_by_side = add_ways("side by side", neighbours);
  const std::size_t line_apart = add_ways("a cache line apart", apart);
  contest.run(context.seconds());
  return {contest.table("counters", "million increments/s", context.cpus), correct,
          false_sharing_verdict(judged, contest.speedup(line_apart, side_by_side))};
}

}  // namespace

Verdict false_sharing_verdict(int workers, const Spread& apart) {
  return make_verdict(is_faster(apart),
                      fmt::format("with {} workers, counters a cache line apart are {}.", workers,
                                  speed_text(apart, "counters side by side")));
}

constinit const Experiment kFalseSharingExperiment = {
    .name = "false-sharing",
    .title = "Pitfall: false sharing",
    .claim =
        "workers that write to different variables in one cache line disturb one another as if "
        "they shared a variable",
    .takeaway =
        "what different workers write often belongs on cache lines of its own: "
        "alignas(64)",
    .run = run};

}  // namespace trp
