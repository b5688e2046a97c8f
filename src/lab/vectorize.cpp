#include <Eigen/Core>

#include <fmt/format.h>

#include "lab/experiments.h"
#include "lab/training.h"
#include "lab/verdicts.h"
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

Findings run(const LabContext& context) {
  const Batch batch = first_samples(context, kRows);
  const Tensor& x = batch.floats;
  const Mlp mlp = make_mlp(std::vector<Index>{x.cols(), kOutputs}, context.seed);
  const Tensor& w = mlp.layers.front().weight;
  const Tensor& zero_bias = mlp.layers.front().bias;
  Tensor z(kRows, kOutputs);

  struct Way {
    std::string name;
    std::string instructions;
    Work work;
  };
  const std::vector<Way> ways = {
      {"triple loop of the textbook", "as compiled", [&] { textbook_product(x, w, z); }},
      {"loops in the order that vectorizes", "as compiled", [&] { reordered_product(x, w, z); }},
      {"Eigen", Eigen::SimdInstructionSetsInUse(),
       [&] { z.view().matrix().noalias() = x.view().matrix() * w.view().matrix(); }},
      {"this program's kernel", simd_target_name(),
       [&] { forward_product(x.view(), w.view(), zero_bias.view(), Activation::kNone, z.view()); }},
      {"multiply-adds in registers only", simd_target_name(), [] { run_fma_peak(kPeakRounds); }}};
  const std::size_t peak_way = ways.size() - 1;

  bool correct = true;
  std::vector<Work> works;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    works.push_back([&z, work = ways[i].work] {
      work();
      keep(z(0, 0));
    });
    if (i == peak_way) continue;
    z = Tensor(kRows, kOutputs);
    ways[i].work();
    correct &= is_product(x, w, z);
  }
  const Race timed = race(works, context.seconds());

  const double peak_flops = run_fma_peak(kPeakRounds);
  const double peak = peak_flops / timed.time_of(peak_way).median;
  const double product_flops = 2.0 * static_cast<double>(kRows * x.cols() * kOutputs);
  Findings findings = {
      {{"product", "ms", "GFLOP/s", "% of peak", "times as fast", "instructions"}, {}},
      correct,
      {}};
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const Spread seconds = timed.time_of(i);
    const bool is_product_way = i != peak_way;
    const double flops = is_product_way ? product_flops : peak_flops;
    findings.table.rows.push_back(
        {ways[i].name, is_product_way ? Cell(scaled(seconds, 1e3)) : Cell(std::string()),
         rate(1e-9 * flops, seconds), 100 * flops / seconds.median / peak,
         is_product_way ? Cell(timed.speedup(i, 0)) : Cell(std::string()), ways[i].instructions});
  }
  findings.verdict = vectorize_verdict(timed.speedup(1, 0), timed.speedup(3, 1),
                                       product_flops / timed.time_of(3).median / peak);
  return findings;
}

}  // namespace

Verdict vectorize_verdict(const Spread& loop, const Spread& kernel, double share_of_peak) {
  return make_verdict(
      is_faster(loop) && is_faster(kernel),
      fmt::format(
          "on one core, the loops in the order that vectorizes are {}; the kernel is {}, and "
          "reaches {:.0f} % of what this core can do.",
          speed_text(loop, "the textbook's"), speed_text(kernel, "these"), 100 * share_of_peak));
}

constinit const Experiment kVectorizeExperiment = {
    .name = "vectorize",
    .title = "Matrix operations: parallelism within one core",
    .claim =
        "the order of the loops decides whether a core works on one number at a time or on "
        "many; a product that is kept in registers and caches gains as much again",
    .takeaway = "first make one core fast; more cores multiply what one does",
    .run = run};

}  // namespace trp
