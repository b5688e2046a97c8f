#include <algorithm>
#include <cstring>

#include "lab/experiment.h"
#include "measure/fma_peak.h"
#include "system/cpu.h"

namespace trp {
namespace {

constexpr const char* kCopy = "copy, bytes";
constexpr const char* kTriad = "triad, bytes";
constexpr const char* kArithmetic = "arithmetic, operations";

using Floats = std::vector<float>;

void copy(Range range, const Floats& from, Floats& to) {
  std::memcpy(to.data() + range.begin, from.data() + range.begin,
              static_cast<std::size_t>(range.size()) * sizeof(float));
}

void triad(Range range, const Floats& b, const Floats& c, Floats& a) {
  for (auto i = static_cast<std::size_t>(range.begin); i < static_cast<std::size_t>(range.end); ++i)
    a[i] = b[i] + 3 * c[i];
}

void run(Lab& lab) {
  // Three arrays that no cache can hold, as in McCalpin's STREAM.
  const std::size_t bytes = std::min(
      std::max(lab.pick<std::size_t>(64'000'000, 0), 2 * cache_bytes()), memory_to_fill() / 3);
  const auto count = static_cast<Index>(bytes / sizeof(float));
  Floats a(static_cast<std::size_t>(count)), b(a.size()), c(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    b[i] = static_cast<float>(i % 1000);
    c[i] = static_cast<float>(i % 7);
  }
  lab.reset = [&] { a.assign(a.size(), -1); };
  const auto add = [&](const char* name, int arrays, float factor, const auto& work_through) {
    lab.is_right = [&, factor] {
      bool right = true;
      for (std::size_t i = 0; i < a.size(); ++i) right &= a[i] == b[i] + factor * c[i];
      return right;
    };
    lab.amount = 1e-9 * sizeof(float) * static_cast<double>(arrays * count);
    lab.base = name;
    lab.add_shared_out(name, count, [&a, work_through](Range range, int) {
      work_through(range);
      keep(a[0]);
    });
  };
  add(kCopy, 2, 0, [&](Range range) { copy(range, b, a); });
  add(kTriad, 3, 3, [&](Range range) { triad(range, b, c, a); });
  const long rounds = lab.pick(200'000L, 5'000L);
  lab.is_right = nullptr;
  lab.amount = 1e-9 * run_fma_peak(rounds);
  lab.base = kArithmetic;
  lab.add_shared_out(kArithmetic, rounds, [](Range range, int) { run_fma_peak(range.size()); });
  lab.run();
}

/// The ridge of the roofline: the operations per byte at which one worker's arithmetic takes as
/// long as moving the bytes.
Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread moving = race.speedup({kTriad, workers}, {kTriad});
  const Spread arithmetic = race.speedup({kArithmetic, workers}, {kArithmetic});
  const double ridge = race.per_second({kArithmetic}).median / race.per_second({kTriad}).median;
  return make_verdict(
      moving.upper < arithmetic.lower,
      "moving memory, {0} workers are {1}; in arithmetic they are {2}. The roofline's "
      "ridge is at {3} operations per byte: with fewer, as in the triad (0.17), memory is "
      "the limit.",
      workers, speed_text(moving, "one"), speed_text(arithmetic, "one"), short_number(ridge));
}

}  // namespace

constinit const Experiment kMemoryExperiment = {
    .name = "memory",
    .section = "Memory-bound operations",
    .title = "bytes against arithmetic",
    .claim =
        "all workers share one memory: what only moves data gains less from more workers than "
        "what computes",
    .takeaway = "do more arithmetic per byte (blocking, fusing operations) before adding workers",
    .run = run,
    .verdict = verdict,
    .contenders_are = "what is done",
    .unit = "G/s"};

}  // namespace trp
