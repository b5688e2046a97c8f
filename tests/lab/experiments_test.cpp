#include <algorithm>
#include <set>

#include "catch.h"
#include "data/check_contains.h"
#include "data/synthetic.h"
#include "lab/experiment.h"
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
    for (const std::string_view text : {experiment->title, experiment->claim, experiment->takeaway})
      CHECK(!text.empty());
  }
  CHECK(names.size() == experiments().size());
  CHECK(find_experiment("none") == nullptr);
}

TEST_CASE("every experiment is right with any number of CPUs, on small images of other sizes") {
  const DataSets data = small_images();
  for (const int cpus : {1, 3}) {
    for (const Experiment* experiment : experiments()) {
      const Race race = experiment->run({.data = data, .cpus = cpus, .quick = true, .seed = 7});
      const Table table = experiment->table(race);
      CAPTURE(experiment->name, cpus, experiment->verdict(race).text);
      CHECK(race.correct);
      CHECK(table.rows.size() >= 4);
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

TEST_CASE("workers beyond the CPUs are marked, and only they") {
  const DataSets data = small_images();
  const Experiment& locking = *find_experiment("locking");
  const Table table = locking.table(locking.run({.data = data, .cpus = 2, .quick = true}));
  const auto& columns = table.columns;
  const auto workers = std::ranges::find(columns, "workers") - columns.begin();
  for (const auto& row : table.rows) {
    const bool beyond = std::get<double>(row[static_cast<std::size_t>(workers)]) > 2;
    CHECK(std::get<std::string>(row.back()) == (beyond ? "more than CPUs (2)" : ""));
  }
}

std::string error_of(const char* experiment, const DataSets& data) {
  try {
    find_experiment(experiment)->run({.data = data, .quick = true});
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
