#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "trp/dataset.h"
#include "trp/mlp.h"
#include "trp/tensor.h"
#include "trp/thread_pool.h"

namespace trp {

/// How well a network does on samples. Of no samples loss and accuracy are NaN.
struct Score {
  double loss = 0;      // mean over the samples
  double accuracy = 0;  // 0 … 1
  Index sample_count = 0;

  /// √(a(1−a)/n), the standard error of the accuracy as an estimate for unseen samples.
  double accuracy_stderr() const;
};

/// Scores samples by their logits, a row for each, and their labels, sharing them out among the
/// pool's workers. The result does not depend on how many there are. Throws std::invalid_argument
/// unless there is a label for each row, and each label is the number of a column.
Score score(ConstTensorView logits, std::span<const std::uint8_t> labels, ThreadPool& pool);

/// Scores the given samples of the data set, at least one, sharing them out among the pool's
/// workers. The result does not depend on how many there are. Throws std::invalid_argument unless
/// features and labels are those of such a network. Workers ask `give_up`, which may be empty,
/// before each block of samples; when it returns true, the result is the score of no samples.
Score evaluate(const Mlp& mlp, const Dataset& dataset, std::span<const std::uint32_t> samples,
               ThreadPool& pool, const std::function<bool()>& give_up = {});

/// Scores all samples.
Score evaluate(const Mlp& mlp, const Dataset& dataset, ThreadPool& pool,
               const std::function<bool()>& give_up = {});

}  // namespace trp
