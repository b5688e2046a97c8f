#include <algorithm>

#include <Eigen/Core>

#include "lab/experiment.h"
#include "lab/training.h"
#include "measure/fma_peak.h"
#include "nn/kernels.h"

namespace trp {
namespace {

constexpr Index kRows = 64;
constexpr Index kOutputs = 128;
constexpr long kPeakRounds = 2000;

constexpr const char* kTextbook = "textbook's loops";
constexpr const char* kReordered = "reordered loops";
constexpr const char* kEigen = "Eigen";
constexpr const char* kKernel = "our kernel";
constexpr const char* kPeak = "registers only";

/// As in the textbook: each element is finished before the next. The sum's order is fixed, so
/// the compiler must do one addition after the other.
void textbook_product(const Tensor& x, const Tensor& w, Tensor& z) {
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < w.cols(); ++j) {
      float sum = 0;
      for (Index k = 0; k < x.cols(); ++k) sum += x(i, k) * w(k, j);
      z(i, j) = sum;
    }
}

/// The same sums in the same order, but the innermost loop runs over neighbours in memory that do
/// not depend on one another: the compiler makes SIMD of it.
void reordered_product(const Tensor& x, const Tensor& w, Tensor& z) {
  for (Index i = 0; i < x.rows(); ++i) {
    float* row = z.row(i);
    std::fill_n(row, w.cols(), 0.0F);
    for (Index k = 0; k < x.cols(); ++k) {
      const float factor = x(i, k);
      const float* weights = w.row(k);
      for (Index j = 0; j < w.cols(); ++j) row[j] += factor * weights[j];
    }
  }
}

void run(Lab& lab) {
  const Tensor x = first_samples(lab.context, kRows).floats;
  const Mlp mlp = make_mlp(std::vector<Index>{x.cols(), kOutputs}, lab.context.seed);
  const auto& [w, zero_bias, transposed] = mlp.layers.front();
  Tensor z(kRows, kOutputs);
  const Eigen::MatrixXd exact = in_double(x) * in_double(w);
  lab.reset = [&] { z = Tensor(kRows, kOutputs); };
  lab.is_right = [&] { return (in_double(z) - exact).norm() <= 1e-5 * exact.norm(); };
  lab.amount = 2e-9 * static_cast<double>(kRows * x.cols() * kOutputs);
  const auto add = [&](const char* name, const Work& product) {
    lab.add(name, [&z, product] {
      product();
      keep(z(0, 0));
    });
  };
  add(kTextbook, [&] { textbook_product(x, w, z); });
  add(kReordered, [&] { reordered_product(x, w, z); });
  add(kEigen, [&] { z.view().matrix().noalias() = x.view().matrix() * w.view().matrix(); });
  add(kKernel,
      [&] { forward_product(x.view(), w.view(), zero_bias.view(), Activation::kNone, z.view()); });
  lab.is_right = nullptr;
  lab.amount = 1e-9 * run_fma_peak(kPeakRounds);
  lab.add(kPeak, [] { run_fma_peak(kPeakRounds); });
  lab.run();
}

double share_of_peak(const Race& race, const std::string& name) {
  return race.per_second({name}).median / race.per_second({kPeak}).median;
}

std::vector<Cell> more_cells(const Race& race, const Contender& contender) {
  const std::string& name = contender.name;
  const bool is_ours = name == kKernel || name == kPeak;
  return {100 * share_of_peak(race, name), name == kEigen ? Eigen::SimdInstructionSetsInUse()
                                           : is_ours      ? simd_target_name()
                                                          : "as compiled"};
}

Verdict verdict(const Race& race) {
  const Spread loop = race.speedup({kReordered}, {kTextbook});
  const Spread kernel = race.speedup({kKernel}, {kReordered});
  return make_verdict(
      is_faster(loop) && is_faster(kernel),
      "on one core, the loops in the order that vectorizes are {}; the kernel is {}, and "
      "reaches {:.0f} % of what this core can do.",
      speed_text(loop, "the textbook's"), speed_text(kernel, "these"),
      100 * share_of_peak(race, kKernel));
}

}  // namespace

constinit const Experiment kVectorizeExperiment = {
    .name = "vectorize",
    .section = "Matrix operations",
    .title = "parallelism within one core",
    .claim =
        "the order of the loops decides whether a core works on one number at a time or on "
        "many; a product that is kept in registers and caches gains as much again",
    .takeaway = "first make one core fast; more cores multiply what one does",
    .run = run,
    .verdict = verdict,
    .contenders_are = "product",
    .unit = "GFLOP/s",
    .more_columns = {"% of peak", "SIMD"},
    .more_cells = more_cells};

}  // namespace trp
