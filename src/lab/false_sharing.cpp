#include <atomic>
#include <cstdint>

#include "lab/experiment.h"

namespace trp {
namespace {

// Each worker writes to a counter of its own, so plain loads and stores will do.
using Counter = std::atomic<std::int64_t>;

constexpr std::size_t kCountersInLine = kCacheLineBytes / sizeof(Counter);

struct alignas(kCacheLineBytes) Line {
  std::array<Counter, kCountersInLine> counters;
};

TRP_SAME_CODE void increment(Counter& counter, Index count) {
  for (Index i = 0; i < count; ++i)
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void run(Lab& lab) {
  const auto count = lab.pick<Index>(500'000, 20'000);  // of each worker
  std::vector<Line> lines(static_cast<std::size_t>(lab.max_workers()));
  const auto add = [&](const std::string& name, std::size_t distance) {
    const auto counter_of = [&lines, distance](int worker) -> Counter& {
      const std::size_t place = static_cast<std::size_t>(worker) * distance;
      return lines[place / kCountersInLine].counters[place % kCountersInLine];
    };
    for (const int workers : lab.context.worker_counts) {
      lab.reset = [=] {
        for (int worker = 0; worker < workers; ++worker) counter_of(worker) = 0;
      };
      lab.is_right = [=] {
        bool right = true;
        for (int worker = 0; worker < workers; ++worker) right &= counter_of(worker) == count;
        return right;
      };
      lab.amount = 1e-6 * static_cast<double>(count) * workers;
      lab.add(name, workers, [=, &pool = lab.pool(workers)] {
        pool.run_together(workers, [&](int w, int) { increment(counter_of(w), count); });
      });
    }
  };
  add("side by side", 1);
  add("a cache line apart", kCountersInLine);
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread apart = race.speedup({"a cache line apart", workers}, {"side by side", workers});
  return make_verdict(is_faster(apart), "with {} workers, counters a cache line apart are {}.",
                      workers, speed_text(apart, "counters side by side"));
}

}  // namespace

constinit const Experiment kFalseSharingExperiment = {
    .name = "false-sharing",
    .section = "Pitfall 1",
    .title = "false sharing",
    .claim =
        "workers that write to different variables in one cache line disturb one another as if "
        "they shared a variable",
    .takeaway =
        "what different workers write often belongs on cache lines of its own: "
        "alignas(64)",
    .correction =
        "its good counter is a dictionary, not padding: what the workers write still lies side by "
        "side; alignas(64) puts it on lines of its own",
    .run = run,
    .verdict = verdict,
    .contenders_are = "counters",
    .unit = "M increments/s"};

}  // namespace trp
