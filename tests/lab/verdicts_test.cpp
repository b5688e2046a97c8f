// Verdicts follow from made-up times.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "catch.h"
#include "lab/experiment.h"
#include "measure/statistics.h"

namespace trp {
namespace {

// Speeds, compared with 1.
constexpr double kFaster = 2;
constexpr double kMuchFaster = 4;
constexpr double kSlower = 0.5;
constexpr double kSame = 1;

/// A contender of which each round took the same time.
Contender steady(const std::string& name, double speed = 1, int workers = 1, double amount = 1) {
  const double seconds = 1 / speed;
  return {
      .name = name, .workers = workers, .amount = amount, .seconds = {seconds, seconds, seconds}};
}

/// A contender with quartiles of its speed 5 % below and above the median.
Contender varying(const std::string& name, int workers, double speed, double amount = 1) {
  return {.name = name,
          .workers = workers,
          .amount = amount,
          .seconds = {1 / (0.9 * speed), 1 / speed, 1 / (1.1 * speed)}};
}

Verdict verdict_of(std::string_view experiment, std::vector<Contender> contenders, int cpus = 2) {
  return find_experiment(experiment)->verdict({.cpus = cpus, .contenders = std::move(contenders)});
}

void check_holds(const Verdict& verdict) {
  CAPTURE(verdict.text);
  CHECK(verdict.holds);
  CHECK(verdict.text.starts_with("Holds here: "));
  CHECK(verdict.text.ends_with("."));
}

void check_fails(const Verdict& verdict) {
  CAPTURE(verdict.text);
  CHECK(!verdict.holds);
  CHECK(verdict.text.starts_with("Not here: "));
  CHECK(verdict.text.ends_with("."));
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Of the loop that vectorizes against the textbook's, of the kernel against that loop.
Verdict vectorize(double loop, double kernel, double share_of_peak) {
  return verdict_of("vectorize", {steady("textbook's loops"), varying("reordered loops", 1, loop),
                                  varying("our kernel", 1, loop * kernel),
                                  steady("registers only", loop * kernel / share_of_peak)});
}

/// Each against sample by sample.
Verdict samples(int workers, double by_workers, double by_product, double by_both) {
  return verdict_of("samples",
                    {steady("one by one, sequential"), varying("one by one", workers, by_workers),
                     varying("one product, sequential", 1, by_product),
                     varying("a product per worker", workers, by_both)},
                    workers);
}

Verdict conv(double speedup) {
  return verdict_of("conv", {steady("sequential"), varying("images shared out", 2, speedup)});
}

Verdict accumulate(double shard_against_sample, double shard_against_sequential) {
  return verdict_of("accumulate", {steady("sequential", 1 / shard_against_sequential),
                                   steady("one lock per sample", 1 / shard_against_sample, 2),
                                   varying("one lock per shard", 2, 1)});
}

Verdict dependency(double handed_on, double shared_out, double batched) {
  return verdict_of(
      "dependency",
      {steady("one chain of sin(x) + 0.1"), varying("one chain, handed on", 2, handed_on),
       steady("8 chains in turn"), varying("8 chains, shared out", 2, shared_out),
       steady("network, sample by sample"), varying("network, a batch of 64", 1, batched)});
}

/// `ridge`: operations per byte.
Verdict memory(double triad, double arithmetic, double ridge) {
  return verdict_of("memory", {steady("triad, bytes"), varying("triad, bytes", 2, triad),
                               steady("arithmetic, operations", 1, 1, ridge),
                               varying("arithmetic, operations", 2, arithmetic, ridge)});
}

Verdict locking(double sharded_against_mutex, double mutex_against_one_worker) {
  return verdict_of("locking",
                    {steady("mutex"), varying("mutex", 2, mutex_against_one_worker),
                     varying("sharded", 2, mutex_against_one_worker * sharded_against_mutex)});
}

Verdict false_sharing(double apart) {
  return verdict_of("false-sharing",
                    {steady("side by side", 1, 2), varying("a cache line apart", 2, apart)});
}

Verdict oversubscribe(double pool_against_creation, double fitting_against_sixteen) {
  return verdict_of("oversubscribe",
                    {steady("new threads for each step", 1, 2),
                     varying("pool: as many awake as CPUs", 2, pool_against_creation),
                     steady("all awake, block at once", 1, 16),
                     varying("all awake, block at once", 2, fitting_against_sixteen)});
}

Verdict imbalance(double claimed) {
  return verdict_of("imbalance", {steady("uneven items, a shard each", 1, 2),
                                  varying("uneven items, claimed 1 at a time", 2, claimed)});
}

Verdict processes(double against_lock, double against_shared_memory, double against_pipes) {
  return verdict_of(
      "processes", {varying("threads", 2, 1), steady("threads under one lock", 1 / against_lock, 2),
                    steady("processes, shared memory", 1 / against_shared_memory, 2),
                    steady("processes, pipes", 1 / against_pipes, 2)});
}

Verdict product(double speedup) {
  return verdict_of("product", {steady("sequential"), varying("rows shared out", 2, speedup)});
}

Verdict predict(double by_workers, double by_blocks) {
  return verdict_of("predict",
                    {steady("image by image", 1 / by_blocks), varying("blocks of images", 1, 1),
                     varying("blocks of images", 2, by_workers)});
}

Verdict waiting(double waiting, double computing) {
  return verdict_of(
      "waiting",
      {steady("waiting, all on one CPU"), varying("waiting, all on one CPU", 8, waiting),
       steady("computing, all on one CPU"), varying("computing, all on one CPU", 8, computing)});
}

Verdict stages(double speedup) {
  return verdict_of("stages", {steady("load, forward, backward in turn"),
                               varying("load | forward | backward", 3, speedup)});
}

/// Of the best number of loaders, which is two.
Verdict loader(double cheap, double costly) {
  std::vector<Contender> contenders;
  for (const auto& [name, speedup] : {std::pair("cheap", cheap), std::pair("costly", costly)}) {
    const std::string start = std::string(name) + ", ";
    contenders.push_back(steady(start + "inline"));
    contenders.push_back(varying(start + "1 loader", 2, 0.8 * speedup));
    contenders.push_back(varying(start + "2 loaders", 3, speedup));
    contenders.push_back(varying(start + "4 loaders", 5, 0.9 * speedup));
  }
  return verdict_of("loader", std::move(contenders));
}

Verdict model(double tensor, double layers) {
  return verdict_of("model",
                    {steady("sequential"), varying("outputs of wide layers divided", 2, tensor),
                     varying("layers on different workers", 2, layers)});
}

Verdict pipeline(double speedup, double bubble_of_one, double bubble_of_eight) {
  Contender one = steady("1 micro-batch", 1, 2);
  Contender eight = varying("8 micro-batches", 2, speedup);
  one.idle_share = bubble_of_one;
  eight.idle_share = bubble_of_eight;
  return verdict_of("pipeline", {one, eight});
}

/// With the speedups of 1, 2, … workers.
Verdict amdahl(int cpus, const std::vector<double>& speedups) {
  std::vector<Contender> contenders = {steady("sequential")};
  int workers = 1;
  for (const double speedup : speedups) {
    contenders.push_back(varying("data", workers, speedup));
    workers *= 2;
  }
  return verdict_of("amdahl", std::move(contenders), cpus);
}

/// With the speedups of two workers for 100, 1000, … elements.
Verdict tiny(const std::vector<double>& speedups) {
  std::vector<Contender> contenders;
  double elements = 100;
  for (const double speedup : speedups) {
    const std::string name = std::to_string(std::lround(elements)) + " elements";
    contenders.push_back(steady(name, 1, 1, elements));
    contenders.push_back(varying(name, 2, speedup, elements));
    elements *= 10;
  }
  return verdict_of("tiny", std::move(contenders));
}

TEST_CASE("verdicts hold when the numbers bear the claim out, and only then") {
  check_holds(vectorize(kFaster, kFaster, 0.7));
  check_fails(vectorize(kSame, kFaster, 0.7));
  check_fails(vectorize(kFaster, kSlower, 0.1));

  check_holds(samples(2, kFaster, kFaster, kMuchFaster));
  check_fails(samples(2, kSame, kFaster, kFaster));
  check_fails(samples(2, kFaster, kSlower, kFaster));

  check_holds(conv(kFaster));
  check_fails(conv(kSame));

  check_holds(accumulate(kFaster, kSame));
  check_fails(accumulate(kSlower, kFaster));

  check_holds(dependency(kSlower, kFaster, kFaster));
  check_holds(dependency(kSame, kFaster, kFaster));
  check_fails(dependency(kFaster, kFaster, kFaster));
  check_fails(dependency(kSame, kSame, kFaster));

  check_holds(memory(kSame, kFaster, 5));
  check_fails(memory(kFaster, kFaster, 5));
  check_fails(memory(kFaster, kSame, 5));

  check_holds(locking(kFaster, kSlower));
  check_fails(locking(kSame, kSlower));
  check_fails(locking(kFaster, kFaster));

  check_holds(false_sharing(kFaster));
  check_fails(false_sharing(kSlower));

  check_holds(oversubscribe(kFaster, kFaster));
  check_fails(oversubscribe(kSame, kFaster));
  check_fails(oversubscribe(kFaster, kSlower));

  check_holds(imbalance(kFaster));
  check_fails(imbalance(kSame));

  check_holds(processes(kFaster, kFaster, kFaster));
  check_fails(processes(kSame, kFaster, kFaster));
  check_fails(processes(kFaster, kSame, kFaster));
  check_fails(processes(kFaster, kFaster, kSlower));

  check_holds(product(kFaster));
  check_fails(product(kSame));

  check_holds(predict(kFaster, kFaster));
  check_fails(predict(kSame, kFaster));
  check_fails(predict(kFaster, kSlower));

  check_holds(waiting(kMuchFaster, kSame));
  check_fails(waiting(kSame, kSame));
  check_fails(waiting(kMuchFaster, kFaster));

  check_holds(stages(kFaster));
  check_fails(stages(kSame));

  check_holds(loader(kSame, kFaster));
  check_fails(loader(kFaster, kSame));

  check_holds(model(kFaster, kSlower));
  check_fails(model(kFaster, kFaster));

  check_holds(pipeline(kFaster, 0.5, 0.2));
  check_fails(pipeline(kFaster, 0.5, 0.6));
  check_fails(pipeline(kSlower, 0.5, 0.2));

  check_holds(amdahl(4, {1, amdahl_speedup(0.25, 2), amdahl_speedup(0.25, 4)}));
  check_fails(amdahl(2, {1, kSlower}));
  check_fails(amdahl(2, {1, 2.4}));  // more than two times as fast
}

TEST_CASE("a verdict that others' use of the CPUs could have made is withheld") {
  const Experiment& experiment = *find_experiment("false-sharing");
  const auto judged = [&](double apart, double lost) {
    std::vector<Contender> contenders = {steady("side by side", 1, 2),
                                         varying("a cache line apart", 2, apart)};
    contenders[0].lost = {lost, lost, lost};
    return judge(experiment, {.cpus = 2, .contenders = std::move(contenders)});
  };
  CHECK_FALSE(judged(1.3, 0).withheld);
  CHECK(judged(1.3, 0.01).holds);
  const Verdict withheld = judged(1.3, 0.4);
  CHECK(withheld.withheld);
  CHECK(has(withheld.text, "Withheld: CPU taken by other programs, up to 20 % of the time"));
  CHECK(judged(kMuchFaster, 0.4).holds);  // however much of it is given back
  check_fails(judged(kSlower, 0.4));
  CHECK(judged(kMuchFaster, 0.6).withheld);  // too busy to tell
  CHECK(judged(kSlower, 0.6).withheld);
}

TEST_CASE("verdicts give the numbers they are drawn from") {
  CHECK(has(vectorize(kFaster, kMuchFaster, 0.713).text, "reaches 71 %"));
  const std::string text = samples(8, kFaster, kSlower, kMuchFaster).text;
  CHECK(has(text, "8 workers are 2 times as fast"));
  CHECK(has(text, "2 times slower than that"));
  CHECK(has(text, "4 times as fast as that"));
  CHECK(has(memory(kSame, kFaster, 4.56).text, "at 4.56 operations per byte"));
  CHECK(has(product(kFaster).text, "an efficiency of 100 %"));
  CHECK(has(waiting(kMuchFaster, kSame).text, "8 threads that wait are 4 times as fast as one"));
  CHECK(has(pipeline(kFaster, 0.5, 0.2).text, "from 50 % to 20 %"));
  CHECK(has(amdahl(4, {1, amdahl_speedup(0.25, 2), amdahl_speedup(0.25, 4)}).text,
            "25 % of the work is serial, and no number of workers would be more than 4 times"));
}

TEST_CASE("the guide's example of Amdahl's formula is worked out") {
  const std::string_view text = find_experiment("amdahl")->takeaway;
  CHECK(has(std::string(text), "P = 0.9"));
  CHECK(has(std::string(text), fmt::format("= {:.2f}", amdahl_speedup(1 - 0.9, 4))));
  CHECK(fmt::format("{:.2f}", amdahl_speedup(1 - 0.9, 4)) == "3.08");
}

TEST_CASE("the crossover is where all larger sizes are faster in parallel") {
  CHECK(has(tiny({kSlower, kSame, kFaster, kFaster}).text, "from 10000 elements on"));
  CHECK(has(tiny({kFaster, kSlower, kFaster}).text, "from 10000 elements on"));
  CHECK(has(tiny({kFaster, kFaster}).text, "from 100 elements on"));
  CHECK(has(tiny({kFaster, kSame}).text, "with 1000 elements, the most that were tried"));
}

TEST_CASE("small operations: the verdict names the crossover, or that there is none") {
  const Verdict crossing = tiny({kSlower, kSame, kFaster});
  check_holds(crossing);
  CHECK(has(crossing.text, "from 10000 elements on"));
  check_fails(tiny({kSlower, kSlower, kSame}));
  check_fails(tiny({kFaster, kFaster, kFaster}));
}

TEST_CASE("a speed is told as times as fast, times slower or about as fast") {
  CHECK(speed_text({1.8234, 1.5, 2}, "one") == "1.82 times as fast as one");
  CHECK(speed_text({0.5, 0.4, 0.6}, "one worker") == "2 times slower than one worker");
  CHECK(speed_text({0.277, 0.25, 0.3}, "one worker") == "3.61 times slower than one worker");
  CHECK(speed_text({1.02, 0.95, 1.07}, "one") == "about as fast as one (1.02 times, 0.95 to 1.07)");
}

TEST_CASE("numbers for people have three figures and no exponents where it matters") {
  CHECK(short_number(0.0012345) == "0.00123");
  CHECK(short_number(12.345) == "12.3");
  CHECK(short_number(999.4) == "999");
  CHECK(short_number(999.6) == "1000");
  CHECK(short_number(1e8) == "100000000");
}

}  // namespace
}  // namespace trp
