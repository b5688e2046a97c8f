#include "trp/score.h"

#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "data/batch.h"
#include "nn/loss.h"
#include "nn/mlp.h"

namespace trp {
namespace {

constexpr Index kScoredRows = 256;  // samples that a worker scores at a time

struct Scratch {
  Scratch(const Mlp& mlp, BatchElements elements)
      : batch({kScoredRows, elements}, mlp.input_size()),
        activations(make_activations(mlp, kScoredRows)) {}

  Batch batch;
  Activations activations;
};

}  // namespace

double Score::accuracy_stderr() const {
  return std::sqrt(accuracy * (1 - accuracy) / static_cast<double>(sample_count));
}

Score evaluate(const Mlp& mlp, const Dataset& dataset, std::span<const std::uint32_t> samples,
               ThreadPool& pool) {
  std::vector<double> losses(samples.size());
  std::vector<std::uint8_t> correct(samples.size());
  std::vector<std::unique_ptr<Scratch>> scratch(static_cast<std::size_t>(pool.worker_count()));
  const auto sample_count = static_cast<Index>(samples.size());
  const BatchElements elements = choose_elements(dataset, {});
  const auto block_count = static_cast<int>((sample_count + kScoredRows - 1) / kScoredRows);

  pool.run(block_count, [&](int block, int worker) {
    std::unique_ptr<Scratch>& own = scratch[static_cast<std::size_t>(worker)];
    if (!own) own = std::make_unique<Scratch>(mlp, elements);
    const Range range = split_evenly(sample_count, block_count, block);
    const auto begin = static_cast<std::size_t>(range.begin);
    const auto count = static_cast<std::size_t>(range.size());
    const Range rows = {0, range.size()};
    gather(dataset, samples.subspan(begin, count), rows, own->batch);
    forward(mlp, own->batch.input(), rows, own->activations);
    softmax_cross_entropy(own->activations.outputs.back().view_rows(0, rows.end),
                          std::span(own->batch.labels).first(count), 1,
                          own->activations.gradients.back().view_rows(0, rows.end),
                          std::span(losses).subspan(begin, count),
                          std::span(correct).subspan(begin, count));
  });

  const auto n = static_cast<double>(sample_count);
  return {.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / n,
          .accuracy = std::accumulate(correct.begin(), correct.end(), 0.0) / n,
          .sample_count = sample_count};
}

Score evaluate(const Mlp& mlp, const Dataset& dataset, ThreadPool& pool) {
  std::vector<std::uint32_t> samples(static_cast<std::size_t>(dataset.sample_count));
  std::iota(samples.begin(), samples.end(), 0U);
  return evaluate(mlp, dataset, samples, pool);
}

}  // namespace trp
