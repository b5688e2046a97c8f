#include <sys/timerfd.h>

#include <algorithm>
#include <cstdint>

#include "core/fail.h"
#include "lab/experiment.h"
#include "measure/fma_peak.h"
#include "system/cpu.h"
#include "system/posix.h"

namespace trp {
namespace {

constexpr Index kRequests = 8;
constexpr long kAnswerNanoseconds = 500'000;
constexpr long kRounds = 100'000;

constexpr const char* kWait = "waiting, all on one CPU";
constexpr const char* kCompute = "computing, all on one CPU";

/// Blocks in read() until a timer answers, as it would for a disk or another machine. Returns how
/// many answers came, which is one.
std::uint64_t wait_for_answer() {
  const Descriptor timer(timerfd_create(CLOCK_MONOTONIC, 0));
  const itimerspec soon = {.it_interval = {}, .it_value = {0, kAnswerNanoseconds}};
  std::uint64_t answers = 0;
  if (timerfd_settime(timer.get(), 0, &soon, nullptr) != 0 ||
      read(timer.get(), &answers, sizeof(answers)) != sizeof(answers))
    fail("waiting: cannot wait for a timer: {}", system_message(errno));
  return answers;
}

std::uint64_t compute_answer() { return run_fma_peak(kRounds) > 0 ? 1 : 0; }

void run(Lab& lab) {
  std::vector<std::uint64_t> answers(kRequests);
  lab.amount = 1e-3 * kRequests;
  lab.reset = [&] { std::ranges::fill(answers, 0U); };
  lab.is_right = [&] { return std::ranges::count(answers, 1U) == kRequests; };
  const auto add = [&](const char* name, std::uint64_t (*answer)()) {
    lab.base = name;
    lab.add_for_each_count(name, [&lab, &answers, answer](int workers) {
      lab.pool(workers).run_together(workers, [&](int part, int) {
        tie_thread(0);
        const Range own = split_evenly(kRequests, workers, part);
        for (Index i = own.begin; i < own.end; ++i) answers[static_cast<std::size_t>(i)] = answer();
        untie_thread();
      });
    });
  };
  add(kWait, wait_for_answer);
  add(kCompute, compute_answer);
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = race.contenders.back().workers;
  const Spread waiting = race.speedup({kWait, workers}, {kWait});
  const Spread computing = race.speedup({kCompute, workers}, {kCompute});
  return make_verdict(is_faster(waiting) && !is_faster(computing),
                      "on one CPU {} threads that wait are {}; threads that compute are {}.",
                      workers, speed_text(waiting, "one"), speed_text(computing, "one"));
}

}  // namespace

constinit const Experiment kWaitingExperiment = {
    .name = "waiting",
    .section = "Waiting for input or output",
    .title = "threads on one CPU",
    .claim =
        "a thread that waits for a disk or another machine needs no CPU, so many wait at once even "
        "where there is one CPU, or one interpreter lock; what computes gains nothing there",
    .takeaway = "threads for waiting as many as there is to wait for; for computing, one per CPU",
    .in_earnest = "--loaders N",
    .run = run,
    .verdict = verdict,
    .contenders_are = "threads",
    .unit = "k answers/s"};

}  // namespace trp
