#include <cstdint>
#include <memory>
#include <numeric>

#include "lab/experiment.h"
#include "lab/training.h"
#include "trp/predict.h"

namespace trp {
namespace {

constexpr const char* kEach = "image by image";
constexpr const char* kBlocks = "blocks of images";

void run(Lab& lab) {
  const Dataset& images = lab.context.data.train;
  const Index count = std::min(lab.pick<Index>(4096, 256), images.sample_count);
  const Mlp mlp = make_lab_network(lab.context);
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0U);
  Tensor logits(count, mlp.output_size());
  const Tensor input = first_samples(lab.context, count).floats;
  lab.amount = 1e-3 * static_cast<double>(count);
  lab.reset = [&] { logits = Tensor(count, mlp.output_size()); };
  lab.is_right = [&, exact = ReferenceMlp(mlp).outputs(in_double(input)).back()] {
    return (in_double(logits) - exact).norm() <= 1e-3 * exact.norm();
  };
  Predictor predictor(mlp, lab.pool(1));
  lab.add(kEach, [&] {
    for (Index i = 0; i < count; ++i) {
      const auto one = std::span(numbers).subspan(static_cast<std::size_t>(i), 1);
      logits.view_rows(i, i + 1).matrix() = predictor.logits(images, one).matrix();
    }
  });
  for (const int workers : lab.context.worker_counts)
    lab.add(kBlocks, workers, [&, own = std::make_shared<Predictor>(mlp, lab.pool(workers))] {
      logits.view().matrix() = own->logits(images, numbers).matrix();
    });
  lab.run();
}

Verdict verdict(const Race& race) {
  const int workers = judged_workers(race);
  const Spread by_workers = race.speedup({kBlocks, workers}, {kBlocks});
  const Spread by_blocks = race.speedup({kBlocks}, {kEach});
  return make_verdict(is_faster(by_workers) && is_faster(by_blocks),
                      "{} workers are {}; one worker that takes a block at a time is {}.", workers,
                      speed_text(by_workers, "one"), speed_text(by_blocks, "image by image"));
}

}  // namespace

constinit const Experiment kPredictExperiment = {
    .name = "predict",
    .section = "Predictions in parallel",
    .title = "blocks of images, each one product",
    .claim =
        "predictions share nothing but the weights, which nobody writes: workers take blocks of "
        "images without any lock, each block as one product",
    .takeaway = "predict in blocks, as many at a time as there are CPUs; copy no network",
    .in_earnest = "predict -j N, eval -j N",
    .run = run,
    .verdict = verdict,
    .contenders_are = "images",
    .unit = "k images/s"};

}  // namespace trp
