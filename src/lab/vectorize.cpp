#include <string>
#include <vector>

#include <Eigen/Core>

#include <fmt/format.h>

#include "lab/experiment.h"
#include "lab/training.h"
#include "lab/workers.h"
#include "measure/fma_peak.h"
#include "nn/kernels.h"

namespace trp {
namespace {

constexpr Index kRows = 64;
constexpr Index kOutputs = 128;
constexpr long kPeakRounds = 2000;

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
    for (Index j = 0; j < w.cols(); ++j) row[j] = 0;
    for (Index k = 0; k < x.cols(); ++k) {
      const float factor = x(i, k);
      const float* weights = w.row(k);
      for (Index j = 0; j < w.cols(); ++j) row[j] += factor * weights[j];
    }
  }
}

bool is_product(const Tensor& x, const Tensor& w, const Tensor& z) {
  const Eigen::MatrixXd expected =
      x.view().matrix().cast<double>() * w.view().matrix().cast<double>();
  return (z.view().matrix().cast<double>() - expected).norm() <= 1e-5 * expected.norm();
}

constexpr const char* kTextbook = "triple loop of the textbook";
constexpr const char* kReordered = "loops in the order that vectorizes";
constexpr const char* kEigen = "Eigen";
constexpr const char* kKernel = "this program's kernel";
constexpr const char* kPeak = "multiply-adds in registers only";

Race run(const LabContext& context) {
  const Batch batch = first_samples(context, kRows);
  const Tensor& x = batch.floats;
  const Mlp mlp = make_mlp(std::vector<Index>{x.cols(), kOutputs}, context.seed);
  const Tensor& w = mlp.layers.front().weight;
  const Tensor& zero_bias = mlp.layers.front().bias;
  Tensor z(kRows, kOutputs);
  Race race = {.cpus = context.cpus};
  race.check = [&](const Work& work) {
    z = Tensor(kRows, kOutputs);
    work();
    return is_product(x, w, z);
  };

  const double gigaflops = 2e-9 * static_cast<double>(kRows * x.cols() * kOutputs);
  const auto add = [&](const char* name, const auto& product) {
    const Work work = [&z, product] {
      product();
      keep(z(0, 0));
    };
    race.add({name, 1, gigaflops}, work);
  };
  add(kTextbook, [&] { textbook_product(x, w, z); });
  add(kReordered, [&] { reordered_product(x, w, z); });
  add(kEigen, [&] { z.view().matrix().noalias() = x.view().matrix() * w.view().matrix(); });
  add(kKernel,
      [&] { forward_product(x.view(), w.view(), zero_bias.view(), Activation::kNone, z.view()); });
  race.check = nullptr;
  race.add({kPeak, 1, 1e-9 * run_fma_peak(kPeakRounds)}, [] { run_fma_peak(kPeakRounds); });
  race.run(context.race_options());
  return race;
}

double share_of_peak(const Race& race, const std::string& name) {
  return race.per_second({name}).median / race.per_second({kPeak}).median;
}

std::string instructions_of(const std::string& name) {
  if (name == kEigen) return Eigen::SimdInstructionSetsInUse();
  return name == kKernel || name == kPeak ? simd_target_name() : "as compiled";
}

Table table(const Race& race) {
  Table table = {{"product", "ms", "GFLOP/s", "% of peak", "times as fast", "instructions"}, {}};
  for (const Contender& contender : race.contenders) {
    const std::string& name = contender.name;
    const bool is_product = name != kPeak;
    table.rows.push_back({name, is_product ? Cell(scaled(race.seconds({name}), 1e3)) : Cell(""),
                          race.per_second({name}), 100 * share_of_peak(race, name),
                          is_product ? Cell(race.speedup({name}, {kTextbook})) : Cell(""),
                          instructions_of(name)});
  }
  return table;
}

Verdict verdict(const Race& race) {
  const Spread loop = race.speedup({kReordered}, {kTextbook});
  const Spread kernel = race.speedup({kKernel}, {kReordered});
  return make_verdict(
      is_faster(loop) && is_faster(kernel),
      fmt::format(
          "on one core, the loops in the order that vectorizes are {}; the kernel is {}, and "
          "reaches {:.0f} % of what this core can do.",
          speed_text(loop, "the textbook's"), speed_text(kernel, "these"),
          100 * share_of_peak(race, kKernel)));
}

}  // namespace

constinit const Experiment kVectorizeExperiment = {
    .name = "vectorize",
    .title = "Matrix operations: parallelism within one core",
    .claim =
        "the order of the loops decides whether a core works on one number at a time or on "
        "many; a product that is kept in registers and caches gains as much again",
    .takeaway = "first make one core fast; more cores multiply what one does",
    .run = run,
    .table = table,
    .verdict = verdict};

}  // namespace trp
