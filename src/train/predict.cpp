#include "trp/predict.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/partition.h"
#include "data/augment.h"
#include "nn/mlp.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr Index kTakenRows = 64;  // samples that a worker takes at a time

}  // namespace

struct Predictor::Scratch {
  explicit Scratch(const Mlp& mlp)
      : input(kTakenRows, mlp.input_size()), activations(make_activations(mlp, kTakenRows)) {}

  Tensor input;
  Activations activations;
};

Predictor::Predictor(const Mlp& mlp, ThreadPool& pool)
    : mlp_(mlp), pool_(pool), scratch_(static_cast<std::size_t>(pool.worker_count())) {}

Predictor::~Predictor() = default;

ConstTensorView Predictor::logits(const Dataset& samples) {
  assert(samples.feature_count == mlp_.input_size());
  const Index count = samples.sample_count;
  if (logits_.rows() < count) logits_ = Tensor(count, mlp_.output_size());
  const auto block_count = static_cast<int>((count + kTakenRows - 1) / kTakenRows);
  pool_.run(block_count, [&](int block, int worker) {
    std::unique_ptr<Scratch>& own = scratch_[static_cast<std::size_t>(worker)];
    if (!own) own = std::make_unique<Scratch>(mlp_);
    const Range range = split_evenly(count, block_count, block);
    for (Index row = 0; row < range.size(); ++row) {
      copy_sample(samples, static_cast<std::uint32_t>(range.begin + row), {},
                  {own->input.row(row), static_cast<std::size_t>(samples.feature_count)});
    }
    forward(mlp_, own->input.view(), {0, range.size()}, own->activations);
    const Tensor& output = own->activations.outputs.back();
    for (Index row = 0; row < range.size(); ++row) {
      std::copy_n(output.row(row), output.cols(), logits_.row(range.begin + row));
    }
  });
  return std::as_const(logits_).view_rows(0, count);
}

void check_finite(ConstTensorView logits, std::int64_t first_image, std::string_view name) {
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    const auto bad = std::ranges::find_if_not(own, [](float z) { return std::isfinite(z); });
    if (bad == own.end()) continue;
    throw Error(fmt::format(
        "{}: image {}: expected a finite number for class {}, found {}; hint: its values are too "
        "large for this model, scale the images as those that it was trained on",
        name, first_image + row, bad - own.begin(), *bad));
  }
}

std::vector<float> probabilities(std::span<const float> logits) {
  const float largest = *std::ranges::max_element(logits);
  std::vector<float> result;
  float sum = 0;
  for (const float logit : logits) {
    result.push_back(std::exp(logit - largest));
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
