#include <fmt/format.h>

#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"

namespace trp {
namespace {

Race run(const LabContext& context) {
  const Index count = context.pick<Index>(512, 64);
  ForwardPass pass(context, count);
  Pools pools(context.cpus);
  // A row through a layer is a vector times a matrix: each weight is loaded for one multiply-add.
  const auto one_by_one = [&](Range rows, int) {
    for (Index i = rows.begin; i < rows.end; ++i) pass.send({i, i + 1});
  };
  // Many rows are a matrix product: each weight is loaded for many.
  const auto at_once = [&](Range rows, int) { pass.send(rows); };

  Race race = {.cpus = context.cpus};
  race.check = pass.check();
  const double amount = 1e-3 * static_cast<double>(count);
  const auto add = [&](const std::string& alone, const std::string& shared_out, const auto& task) {
    race.add({alone, 1, amount}, [task, count] { task(Range{0, count}, 0); });
    add_for_each_count(race, shared_out, amount, [&pools, task, count](int workers) {
      pools.share_out(workers, count, task);
    });
  };
  add("one by one, sequential", "one by one", one_by_one);
  add("one product, sequential", "a product per worker", at_once);
  race.run(context.race_options());
  return race;
}

Table table(const Race& race) { return rate_table(race, "batch", "thousand samples/s"); }

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race.cpus);
  const ContenderId one_by_one = {"one by one, sequential"};
  const Spread by_workers = race.speedup({"one by one", workers}, one_by_one);
  const Spread by_product = race.speedup({"one product, sequential"}, one_by_one);
  const Spread by_both = race.speedup({"a product per worker", workers}, one_by_one);
  return make_verdict(
      is_faster(by_workers) && is_faster(by_product),
      fmt::format(
          "{} workers are {}; the batch as one product, by one worker, is {}; both together "
          "are {}.",
          workers, speed_text(by_workers, "one that takes sample by sample"),
          speed_text(by_product, "that"), speed_text(by_both, "that")));
}

}  // namespace

constinit const Experiment kSamplesExperiment = {
    .name = "samples",
    .title = "Data parallelism: the samples of a batch",
    .claim =
        "samples do not depend on one another, so workers can share them out; and the batch as one "
        "matrix product is faster than sample by sample even for one worker, so both matter",
    .takeaway = "make the batch one product first, then share its rows out among workers",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
