#include "lab/verdicts.h"

#include "catch.h"

namespace trp {
namespace {

constexpr Spread kFaster = {2, 1.9, 2.1};
constexpr Spread kMuchFaster = {4, 3.9, 4.1};
constexpr Spread kSlower = {0.5, 0.4, 0.6};
constexpr Spread kSame = {1, 0.9, 1.1};

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

TEST_CASE("verdicts hold when the numbers bear the claim out, and only then") {
  check_holds(vectorize_verdict(kFaster, kFaster, 0.7));
  check_fails(vectorize_verdict(kSame, kFaster, 0.7));
  check_fails(vectorize_verdict(kFaster, kSlower, 0.1));

  check_holds(samples_verdict(2, kFaster, kFaster, kMuchFaster));
  check_fails(samples_verdict(2, kSame, kFaster, kFaster));
  check_fails(samples_verdict(2, kFaster, kSlower, kFaster));

  check_holds(conv_verdict(2, kFaster));
  check_fails(conv_verdict(2, kSame));

  check_holds(accumulate_verdict(2, kFaster, kSame));
  check_fails(accumulate_verdict(2, kSlower, kFaster));

  check_holds(dependency_verdict(2, kSlower, kFaster, kFaster));
  check_holds(dependency_verdict(2, kSame, kFaster, kFaster));
  check_fails(dependency_verdict(2, kFaster, kFaster, kFaster));
  check_fails(dependency_verdict(2, kSame, kSame, kFaster));

  check_holds(memory_verdict(2, kSame, kFaster, 5));
  check_fails(memory_verdict(2, kFaster, kFaster, 5));
  check_fails(memory_verdict(2, kFaster, kSame, 5));

  check_holds(locking_verdict(2, kFaster, kSlower));
  check_fails(locking_verdict(2, kSame, kSlower));
  check_fails(locking_verdict(2, kFaster, kFaster));

  check_holds(false_sharing_verdict(2, kFaster));
  check_fails(false_sharing_verdict(2, kSlower));

  check_holds(oversubscribe_verdict(2, kFaster, kFaster));
  check_fails(oversubscribe_verdict(2, kSame, kFaster));
  check_fails(oversubscribe_verdict(2, kFaster, kSlower));

  check_holds(imbalance_verdict(2, kFaster));
  check_fails(imbalance_verdict(2, kSame));

  check_holds(processes_verdict(2, kFaster, kFaster));
  check_fails(processes_verdict(2, kSame, kFaster));
  check_fails(processes_verdict(2, kFaster, kSlower));

  check_holds(loader_verdict(kSame, kFaster));
  check_fails(loader_verdict(kFaster, kSame));

  check_holds(model_verdict(2, kFaster, kSlower));
  check_fails(model_verdict(2, kFaster, kFaster));

  check_holds(pipeline_verdict(kFaster, 0.5, 0.2));
  check_fails(pipeline_verdict(kFaster, 0.5, 0.6));
  check_fails(pipeline_verdict(kSlower, 0.5, 0.2));

  check_holds(amdahl_verdict(4, kFaster, 0.25));
  check_fails(amdahl_verdict(2, kSlower, 1));
  check_fails(amdahl_verdict(2, {2.4, 2.2, 2.6}, 0));  // more than two times as fast
}

TEST_CASE("verdicts give the numbers they are drawn from") {
  CHECK(has(vectorize_verdict(kFaster, kMuchFaster, 0.713).text, "reaches 71 %"));
  const std::string samples = samples_verdict(8, kFaster, kSlower, kMuchFaster).text;
  CHECK(has(samples, "8 workers are 2 times as fast"));
  CHECK(has(samples, "0.5 times as fast as that, so slower"));
  CHECK(has(samples, "4 times as fast as that"));
  CHECK(has(memory_verdict(2, kSame, kFaster, 4.56).text, "at 4.56 operations per byte"));
  CHECK(has(pipeline_verdict(kFaster, 0.5, 0.2).text, "from 50 % to 20 %"));
  CHECK(has(amdahl_verdict(4, kFaster, 0.25).text,
            "25 % of the work is serial, and no number of workers would be more than 4 times"));
}

TEST_CASE("the crossover is where all larger sizes are faster in parallel") {
  using Speedups = std::vector<Spread>;
  CHECK(crossover(Speedups{kSlower, kSame, kFaster, kFaster}) == 2);
  CHECK(crossover(Speedups{kFaster, kSlower, kFaster}) == 2);
  CHECK(crossover(Speedups{kFaster, kFaster}) == 0);
  CHECK(!crossover(Speedups{kFaster, kSame}));
  CHECK(!crossover(Speedups{}));
}

TEST_CASE("small operations: the verdict names the crossover, or that there is none") {
  const std::vector<double> sizes = {100, 1000, 10000};
  const Verdict crossing = tiny_verdict(sizes, std::vector<Spread>{kSlower, kSame, kFaster});
  check_holds(crossing);
  CHECK(has(crossing.text, "from 10000 elements on"));
  check_fails(tiny_verdict(sizes, std::vector<Spread>{kSlower, kSlower, kSame}));
  check_fails(tiny_verdict(sizes, std::vector<Spread>{kFaster, kFaster, kFaster}));
}

}  // namespace
}  // namespace trp
