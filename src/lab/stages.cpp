#include <algorithm>
#include <cstdint>
#include <deque>

#include "lab/experiment.h"
#include "lab/training.h"
#include "parallel/progress_counter.h"
#include "strategy/batch_buffers.h"
#include "strategy/strategy.h"

namespace trp {
namespace {

constexpr Index kBatch = 64;
constexpr Range kRows = {0, kBatch};
constexpr int kSlots = 4;

constexpr const char* kAlone = "load, forward, backward in turn";
constexpr const char* kThreeStages = "load | forward | backward";

/// Adds up the gradients of batches of augmented samples, in slots of which each batch has one. The
/// weights stay as they are, so no batch needs the update by the one before it.
struct Batches {
  Batches(const LabContext& context, int batch_count)
      : count(batch_count),
        dataset(context.data.train),
        augmentation({{.noise = true, .shift = dataset.sample_shape.size() > 1}, context.seed}),
        mlp(make_lab_network(context)),
        slots(kSlots, {mlp, {.capacity = kBatch}}) {
    for (Index i = 0; i < count * kBatch; ++i)
      samples.push_back(static_cast<std::uint32_t>(i % dataset.sample_count));
  }

  StepInput input(int b) const {
    const auto begin = static_cast<std::size_t>(b * kBatch);
    return {dataset, std::span(samples).subspan(begin, kBatch), {}, augmentation};
  }

  void send_backward(const StepInput& input, BatchBuffers& slot) {
    auto& [outputs, gradients] = slot.activations;
    compute_losses(input, kRows, outputs.back().view(), gradients.back().view(), slot);
    backward(mlp, kRows, slot.activations);
    for (const Tile& tile : make_tiles(mlp))
      tile_gradient(tile_factors(slot.gathered.input(), slot.activations, kRows, tile), tile,
                    ChainStart::kResult, of_tile(sum, tile));
  }

  /// The last stage does all steps that are left to it.
  void run(int stages, ThreadPool& pool) {
    sum = make_gradient(mlp);
    std::deque<ProgressCounter> done;  // by each stage
    for (int s = 0; s < stages; ++s) done.emplace_back(stages <= pool.cpu_count());
    pool.run_together(stages, [&](int stage, int) {
      const auto s = static_cast<std::size_t>(stage);
      for (int b = 0; b < count; ++b) {
        BatchBuffers& slot = slots[static_cast<std::size_t>(b % kSlots)];
        if (stage == 0) {
          done.back().wait_for(b + 1 - kSlots);  // the slot is free
          gather_rows(input(b), kRows, slot);
        } else {
          done[s - 1].wait_for(b + 1);
        }
        if (stage == std::min(1, stages - 1))
          forward(mlp, slot.gathered.input(), kRows, slot.activations);
        if (stage == stages - 1) send_backward(input(b), slot);
        done[s].advance();
      }
    });
  }

  bool is_right() const {
    Batch all({count * kBatch}, dataset.feature_count);
    gather(dataset, samples, {0, count * kBatch}, all, augmentation);
    ReferenceMlp mean(sum.layers);
    for (Eigen::MatrixXd& weight : mean.weights) weight /= count;
    for (Eigen::RowVectorXd& bias : mean.biases) bias /= count;
    return is_gradient(mean, mlp, all);
  }

  int count;
  const Dataset& dataset;
  Augmentation augmentation;
  Mlp mlp;
  std::vector<BatchBuffers> slots;
  std::vector<std::uint32_t> samples;
  Gradient sum = {};
};

void run(Lab& lab) {
  Batches batches(lab.context, lab.pick(24, 6));
  lab.amount = 1e-3 * static_cast<double>(batches.samples.size());
  lab.is_right = [&] { return batches.is_right(); };
  int stages = 0;
  for (const char* name : {kAlone, "load | forward, backward", kThreeStages}) {
    ++stages;
    lab.add(name, stages, [&, stages] { batches.run(stages, lab.pool(stages)); });
  }
  lab.run();
}

Verdict verdict(const Race& race) {
  const Spread speedup = race.speedup({kThreeStages, 3}, {kAlone});
  return make_verdict(
      is_faster(speedup),
      "three threads, a stage each, are {}; were all stages equally long and had each a CPU, they "
      "would be 3 times as fast.",
      speed_text(speedup, "one that does all in turn"));
}

}  // namespace

constinit const Experiment kStagesExperiment = {
    .name = "stages",
    .section = "Pipeline parallelism",
    .title = "load, forward and backward on different batches",
    .claim =
        "while one thread sends a batch backward, another sends the next one forward, and a third "
        "loads the one after that; the longest stage sets the pace",
    .takeaway =
        "in training the next forward pass needs the update by this batch, or uses old weights: "
        "load ahead with --loaders, and let micro-batches of one batch fill a pipeline",
    .in_earnest = "--loaders N for the first stage",
    .run = run,
    .verdict = verdict,
    .contenders_are = "stages",
    .unit = "k samples/s"};

}  // namespace trp
