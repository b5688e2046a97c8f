#include "trp/score.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "core/partition.h"
#include "nn/loss.h"
#include "trp/predict.h"

namespace trp {
namespace {

constexpr Index kScoredRows = 256;  // rows that a worker scores at a time

/// Of the samples for which there are logits: all or none.
Score score_of_rows(ConstTensorView logits, std::span<const std::uint8_t> labels,
                    ThreadPool& pool) {
  return score(logits, logits.rows() == 0 ? labels.first(0) : labels, pool);
}

}  // namespace

double Score::accuracy_stderr() const {
  return std::sqrt(accuracy * (1 - accuracy) / static_cast<double>(sample_count));
}

Score score(ConstTensorView logits, std::span<const std::uint8_t> labels, ThreadPool& pool) {
  if (std::ssize(labels) != logits.rows() ||
      std::ranges::any_of(labels, [&](std::uint8_t label) { return label >= logits.cols(); }))
    throw std::invalid_argument("score: expected a label for each row, each one of the classes");
  std::vector<double> losses(labels.size());
  std::vector<std::uint8_t> correct(labels.size());
  std::vector<std::unique_ptr<Tensor>> gradients(static_cast<std::size_t>(pool.worker_count()));
  const auto block_count = static_cast<int>((logits.rows() + kScoredRows - 1) / kScoredRows);
  pool.run(block_count, [&](int block, int worker) {
    std::unique_ptr<Tensor>& own = gradients[static_cast<std::size_t>(worker)];
    if (!own) own = std::make_unique<Tensor>(kScoredRows, logits.cols());
    const Range range = split_evenly(logits.rows(), block_count, block);
    const auto begin = static_cast<std::size_t>(range.begin);
    const auto count = static_cast<std::size_t>(range.size());
    softmax_cross_entropy(logits.view_rows(range.begin, range.end), labels.subspan(begin, count),
                          {}, own->view_rows(0, range.size()),
                          std::span(losses).subspan(begin, count),
                          std::span(correct).subspan(begin, count));
  });
  const auto n = static_cast<double>(logits.rows());
  return {.loss = std::accumulate(losses.begin(), losses.end(), 0.0) / n,
          .accuracy = std::accumulate(correct.begin(), correct.end(), 0.0) / n,
          .sample_count = logits.rows()};
}

Score evaluate(const Mlp& mlp, const Dataset& dataset, std::span<const std::uint32_t> samples,
               ThreadPool& pool, const std::function<bool()>& give_up) {
  std::vector<std::uint8_t> labels;
  labels.reserve(samples.size());
  for (const std::uint32_t sample : samples) labels.push_back(dataset.labels.at(sample));
  Predictor predictor(mlp, pool);
  return score_of_rows(predictor.logits(dataset, samples, give_up), labels, pool);
}

Score evaluate(const Mlp& mlp, const Dataset& dataset, ThreadPool& pool,
               const std::function<bool()>& give_up) {
  Predictor predictor(mlp, pool);
  return score_of_rows(predictor.logits(dataset, give_up), dataset.labels, pool);
}

}  // namespace trp
