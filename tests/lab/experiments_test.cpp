#include <algorithm>
#include <set>

#include "catch.h"
#include "data/check_contains.h"
#include "data/synthetic.h"
#include "lab/experiment.h"
#include "sanitized.h"
#include "system/cpu.h"
#include "trp/error.h"

namespace trp {
namespace {

DataSets small_images() {
  DataSets data = synthetic_data(70, 10, 48, 3);
  data.train.sample_shape = data.test.sample_shape = {6, 8};
  return data;
}

TEST_CASE("experiments have names of their own and can be found by them") {
  std::set<std::string_view> names;
  for (const Experiment* experiment : experiments()) {
    names.insert(experiment->name);
    CHECK(find_experiment(experiment->name) == experiment);
    for (const std::string_view text :
         {experiment->section, experiment->title, experiment->claim, experiment->takeaway})
      CHECK(!text.empty());
  }
  CHECK(names.size() == experiments().size());
  CHECK(find_experiment("none") == nullptr);
}

/// Whether the memory experiment takes arrays that ThreadSanitizer, which needs several times their
/// memory, has no room and no time for: where caches are of hundreds of megabytes.
bool is_too_large_here() {
  constexpr std::size_t kLargeCaches = 128 << 20;
  return kThreadSanitizer && cache_bytes() > kLargeCaches;
}

TEST_CASE("every experiment is right with any number of CPUs, on small images of other sizes") {
  const DataSets data = small_images();
  for (const int cpus : {1, 3}) {
    for (const Experiment* experiment : experiments()) {
      if (experiment->name == "memory" && is_too_large_here()) continue;
      const Race race =
          run_experiment(*experiment, {.data = data, .cpus = cpus, .quick = true, .seed = 7});
      const Table table = make_table(*experiment, race);
      CAPTURE(experiment->name, cpus, experiment->verdict(race).text);
      CHECK(race.correct);
      CHECK(table.rows.size() >= 3);
      for (const auto& row : table.rows) {
        CHECK(row.size() == table.columns.size());
        for (const Cell& cell : row) {
          if (const auto* spread = std::get_if<Spread>(&cell)) {
            CHECK(spread->lower > 0);
            CHECK(spread->lower <= spread->median);
            CHECK(spread->median <= spread->upper);
          }
        }
      }
    }
  }
}

TEST_CASE("a race tells whether a contender has more workers than there are CPUs") {
  const DataSets data = small_images();
  Race race = run_experiment(*find_experiment("locking"), {.data = data, .cpus = 2, .quick = true});
  CHECK(exceeds_cpus(race));
  race.cpus = 8;
  CHECK_FALSE(exceeds_cpus(race));
}

TEST_CASE("a contender is checked when it is added, and a failed check is not forgotten") {
  const DataSets data = small_images();
  const LabContext context = {.data = data};
  Lab lab(context);
  int result = 0;
  lab.reset = [&] { result = 0; };
  lab.is_right = [&] { return result == 2; };
  lab.add("right", [&] { result = 2; });
  CHECK(lab.race.correct);
  lab.add("does nothing", [] {});
  CHECK_FALSE(lab.race.correct);
  lab.add("right again", [&] { result = 2; });
  CHECK_FALSE(lab.race.correct);
}

TEST_CASE("a verdict is about the largest number of workers with a CPU each, or the next") {
  const auto judged = [](std::vector<int> worker_counts, int cpus) {
    return judged_workers(worker_counts, cpus);
  };
  CHECK(judged({1, 2, 4, 8}, 1) == 2);
  CHECK(judged({1, 2, 4, 8}, 2) == 2);
  CHECK(judged({1, 2, 4, 8}, 7) == 4);
  CHECK(judged({1, 2, 4, 8}, 64) == 8);
  CHECK(judged({16, 1, 3}, 2) == 3);
  CHECK(judged({16, 1, 3}, 20) == 16);
}

TEST_CASE("arrays of the memory experiment fit into no cache, quick or not") {
  if (is_too_large_here()) {
    WARN("skipped: the caches are too large for ThreadSanitizer");
    return;
  }
  const DataSets data = small_images();
  const Race race = run_experiment(*find_experiment("memory"), {.data = data, .quick = true});
  // A copy reads one array and writes another. Where memory is short, they are what it has room
  // for.
  const double bytes = 1e9 * race.find({"copy, bytes"}).amount / 2;
  if (memory_to_fill() > 6 * cache_bytes()) CHECK(bytes > 1.9 * static_cast<double>(cache_bytes()));
}

TEST_CASE("the numbers of workers are those that are asked for") {
  const DataSets data = small_images();
  const Race race =
      run_experiment(*find_experiment("samples"),
                     {.data = data, .cpus = 2, .quick = true, .worker_counts = {1, 3}});
  std::set<int> counts;
  for (const Contender& contender : race.contenders) counts.insert(contender.workers);
  CHECK(counts == std::set<int>{1, 3});
  CHECK(find_experiment("samples")->verdict(race).text.find("3 workers") != std::string::npos);
}

std::string error_of(const char* experiment, const DataSets& data) {
  try {
    run_experiment(*find_experiment(experiment), {.data = data, .quick = true});
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST_CASE("data that an experiment cannot use are an error that says so") {
  CHECK_CONTAINS(error_of("conv", synthetic_data(70, 10, 48, 3)),
                 "expected images of at least 5 x 5 values, found samples of 48");
  CHECK_CONTAINS(error_of("loader", synthetic_data(10, 10, 48, 3)),
                 "expected at least 64 training samples, found 10");
}

}  // namespace
}  // namespace trp
