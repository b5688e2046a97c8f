#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "trp/dataset.h"
#include "trp/mlp.h"
#include "trp/thread_pool.h"

namespace trp {

/// Applies a network to samples, shared out among the workers of a pool. Keeps their memory from
/// call to call.
class Predictor {
 public:
  /// Both must outlive the predictor.
  Predictor(const Mlp& mlp, ThreadPool& pool);
  ~Predictor();
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  /// Returns the logits, a row for each of the samples of the data set, or for all of them; valid
  /// until the next call. The samples need no labels, but std::invalid_argument is thrown unless
  /// their feature_count is the network's input size. Any number of workers gives the same bits.
  /// Workers ask `give_up`, which may be empty, before each block of samples; when it returns true,
  /// the work ends and the result has no rows.
  ConstTensorView logits(const Dataset& dataset, std::span<const std::uint32_t> samples,
                         const std::function<bool()>& give_up = {});
  ConstTensorView logits(const Dataset& dataset, const std::function<bool()>& give_up = {});

 private:
  struct Scratch;

  const Mlp& mlp_;
  ThreadPool& pool_;
  std::vector<std::unique_ptr<Scratch>> scratch_;  // of each worker
  Tensor logits_;
};

/// Throws Error, which names the first such image, unless all logits are finite: the values of an
/// image may be too large for the network. `first_image` is the number of the first row in the file
/// `name`.
void check_finite(ConstTensorView logits, std::int64_t first_image, std::string_view name);

// The logits of the following are finite.

/// The probability of each class: softmax.
std::vector<float> probabilities(std::span<const float> logits);

/// The `count` likeliest classes, the first of equals first.
std::vector<Index> likeliest_classes(std::span<const float> logits, Index count);

}  // namespace trp
