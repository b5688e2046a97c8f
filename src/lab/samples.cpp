#include "lab/experiment.h"
#include "lab/training.h"

namespace trp {
namespace {

void run(Lab& lab) {
  const Index count = lab.pick<Index>(512, 64);
  ForwardPass pass(lab, count);
  lab.amount = 1e-3 * static_cast<double>(count);
  // A row through a layer is a vector times a matrix: each weight is loaded for one multiply-add.
  lab.add("one by one, sequential", [&] { pass.send_each({0, count}); });
  lab.add_shared_out("one by one", count, [&](Range rows, int) { pass.send_each(rows); });
  // Many rows are a matrix product: each weight is loaded for many.
  lab.add("one product, sequential", [&] { pass.send({0, count}); });
  lab.add_shared_out("a product per worker", count, [&](Range rows, int) { pass.send(rows); });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const ContenderId one_by_one = {"one by one, sequential"};
  const Spread by_workers = race.speedup({"one by one", workers}, one_by_one);
  const Spread by_product = race.speedup({"one product, sequential"}, one_by_one);
  const Spread by_both = race.speedup({"a product per worker", workers}, one_by_one);
  return make_verdict(
      is_faster(by_workers) && is_faster(by_product),
      "{} workers are {}; the batch as one product, by one worker, is {}; both together "
      "are {}.",
      workers, speed_text(by_workers, "one that takes sample by sample"),
      speed_text(by_product, "that"), speed_text(by_both, "that"));
}

}  // namespace

constinit const Experiment kSamplesExperiment = {
    .name = "samples",
    .section = "Data parallelism",
    .title = "the samples of a batch",
    .claim =
        "samples do not depend on one another, so workers can share them out; and the batch as one "
        "matrix product is faster than sample by sample even for one worker, so both matter",
    .takeaway = "make the batch one product first, then share its rows out among workers",
    .in_earnest = "--strategy data -j N",
    .run = run,
    .verdict = verdict,
    .contenders_are = "batch",
    .unit = "k samples/s"};

}  // namespace trp
