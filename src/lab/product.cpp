#include "core/random.h"
#include "lab/experiment.h"
#include "lab/training.h"
#include "nn/kernels.h"
#include "nn/reference.h"

namespace trp {
namespace {

constexpr const char* kSharedOut = "rows shared out";

void run(Lab& lab) {
  const Index size = lab.pick<Index>(1000, 300);
  RandomStream random(lab.context.seed, RandomPurpose::kWeights);
  const Tensor x = random_tensor(size, size, random);
  const Tensor w = random_tensor(size, size, random);
  const Tensor zero_bias(1, size);
  Tensor z(size, size);
  const Eigen::MatrixXd exact = in_double(x) * in_double(w);
  const auto multiply = [&](Range rows) {
    forward_product(x.view_rows(rows.begin, rows.end), w.view(), zero_bias.view(),
                    Activation::kNone, z.view_rows(rows.begin, rows.end));
  };
  lab.amount = 2e-9 * static_cast<double>(size * size * size);
  lab.reset = [&] { z = Tensor(size, size); };
  lab.is_right = [&] { return (in_double(z) - exact).norm() <= 1e-5 * exact.norm(); };
  lab.add("sequential", [&] { multiply({0, size}); });
  lab.add_shared_out(kSharedOut, size, [&](Range rows, int) { multiply(rows); });
  lab.run();
}

std::vector<Cell> more_cells(const Race& race, const Contender& contender) {
  const Spread speedup = race.speedup({contender.name, contender.workers}, {"sequential"});
  return {efficiency(speedup.median, contender.workers)};
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread speedup = race.speedup({kSharedOut, workers}, {"sequential"});
  return make_verdict(is_faster(speedup), "{} workers are {}, an efficiency of {:.0f} %.", workers,
                      speed_text(speedup, "one"), 100 * efficiency(speedup.median, workers));
}

}  // namespace

constinit const Experiment kProductExperiment = {
    .name = "product",
    .section = "Matrix operations",
    .title = "a product of 1000 × 1000 on many workers",
    .claim =
        "the rows of a product do not depend on one another, and a large one computes a thousand "
        "times with each number that it reads: workers share it out and hardly wait",
    .takeaway = "large products are where more CPUs pay first; one thread must be fast before",
    .in_earnest = "-j N, with wide --hidden layers",
    .run = run,
    .verdict = verdict,
    .contenders_are = "product",
    .unit = "GFLOP/s",
    .more_columns = {"efficiency"},
    .more_cells = more_cells};

}  // namespace trp
