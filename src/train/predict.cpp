#include "trp/predict.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "core/elementary.h"
#include "core/fail.h"
#include "core/partition.h"
#include "data/batch.h"
#include "nn/mlp.h"

namespace trp {
namespace {

// Rows that a worker takes at a time: many make a product fast, few leave work for all.
constexpr Index kMinRows = 64, kMaxRows = 256;

Index blocks_of(Index rows, Index size) { return (rows + size - 1) / size; }

}  // namespace

struct Predictor::Scratch {
  Scratch(const Mlp& mlp, BatchElements held)
      : batch({kMaxRows, held}, mlp.input_size()),
        activations(make_activations(mlp, kMaxRows)),
        elements(held) {}

  Batch batch;
  Activations activations;
  BatchElements elements;
};

Predictor::Predictor(const Mlp& mlp, ThreadPool& pool)
    : mlp_(mlp), pool_(pool), scratch_(static_cast<std::size_t>(pool.worker_count())) {}

Predictor::~Predictor() = default;

ConstTensorView Predictor::logits(const Dataset& dataset, std::span<const std::uint32_t> samples,
                                  const std::function<bool()>& give_up) {
  if (dataset.feature_count != mlp_.input_size())
    throw std::invalid_argument("logits: expected samples of the network's input size");
  const auto count = static_cast<Index>(samples.size());
  if (logits_.rows() < count) logits_ = Tensor(count, mlp_.output_size());
  const BatchElements elements = choose_elements(dataset, {});
  const auto block_count =
      static_cast<int>(std::max(blocks_of(count, kMaxRows),
                                std::min<Index>(pool_.worker_count(), blocks_of(count, kMinRows))));
  std::atomic<bool> given_up{false};
  pool_.run(block_count, [&](int block, int worker) {
    if (given_up || (give_up && give_up())) {
      given_up = true;
      return;
    }
    std::unique_ptr<Scratch>& own = scratch_[static_cast<std::size_t>(worker)];
    if (!own || own->elements != elements) own = std::make_unique<Scratch>(mlp_, elements);
    const Range range = split_evenly(count, block_count, block);
    const Range rows = {0, range.size()};
    gather(dataset,
           samples.subspan(static_cast<std::size_t>(range.begin),
                           static_cast<std::size_t>(range.size())),
           rows, own->batch);
    forward(mlp_, own->batch.input(), rows, own->activations);
    const Tensor& output = own->activations.outputs.back();
    for (Index row = 0; row < range.size(); ++row)
      std::copy_n(output.row(row), output.cols(), logits_.row(range.begin + row));
  });
  return std::as_const(logits_).view_rows(0, given_up ? 0 : count);
}

ConstTensorView Predictor::logits(const Dataset& dataset, const std::function<bool()>& give_up) {
  std::vector<std::uint32_t> samples(static_cast<std::size_t>(dataset.sample_count));
  std::iota(samples.begin(), samples.end(), 0U);
  return logits(dataset, samples, give_up);
}

void check_finite(ConstTensorView logits, std::int64_t first_image, std::string_view name) {
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    const auto bad = std::ranges::find_if_not(own, [](float z) { return std::isfinite(z); });
    if (bad == own.end()) continue;
    fail(
        "{}: image {}: expected a finite number for class {}, found {}; hint: are the model's "
        "weights sound, and are the images scaled as those that it was trained on?",
        name, first_image + row, bad - own.begin(), *bad);
  }
}

std::vector<float> probabilities(std::span<const float> logits) {
  const float largest = *std::ranges::max_element(logits);
  std::vector<float> result;
  float sum = 0;
  for (const float logit : logits) {
    result.push_back(exp_of_negative(logit - largest));
    sum += result.back();
  }
  for (float& value : result) value /= sum;
  return result;
}

std::vector<Index> likeliest_classes(std::span<const float> logits, Index count) {
  std::vector<Index> classes(logits.size());
  std::iota(classes.begin(), classes.end(), Index{0});
  const auto likelier = [&](Index a, Index b) {
    const float za = logits[static_cast<std::size_t>(a)], zb = logits[static_cast<std::size_t>(b)];
    return za != zb ? za > zb : a < b;
  };
  std::ranges::partial_sort(classes, classes.begin() + count, likelier);
  classes.resize(static_cast<std::size_t>(count));
  return classes;
}

}  // namespace trp
