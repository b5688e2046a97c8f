#pragma once

#include <memory>
#include <vector>

#include "trp/data/batch.h"
#include "trp/lab/experiment.h"
#include "trp/nn/mlp.h"
#include "trp/strategy/strategy.h"

namespace trp {

// The network and the batches that experiments work with.

/// The default network, 128 and 64 wide inside, for the samples and classes of the data.
Mlp make_lab_network(const LabContext& context);

/// The first `count` training samples, over and over if there are fewer.
Batch first_samples(const LabContext& context, Index count);

/// The outputs of the network in these rows are those of the reference, but for rounding.
bool outputs_match(const Mlp& mlp, const Batch& batch, const Tensor& outputs);

/// The gradient of the mean loss over the batch is that of the reference, but for rounding.
bool gradient_matches(const Mlp& mlp, const Batch& batch, const Gradient& gradient);

/// One step of SGD after another on batch after batch of the training samples, from the same start
/// for each object.
class TrainingSteps {
 public:
  static constexpr Index kBatchSize = 64;

  TrainingSteps(const LabContext& context, const StrategyOptions& options, ThreadPool& pool);

  void step();

  /// The same, on a batch that was gathered before.
  void step_on(const Batch& batch);

  const Mlp& mlp() const { return mlp_; }
  const Pipeline* pipeline() const { return strategy_->pipeline(); }

 private:
  void step_with(const Batch* batch);

  const Dataset& dataset_;
  Mlp mlp_;
  Sgd sgd_;
  std::unique_ptr<Strategy> strategy_;
  std::vector<std::uint32_t> samples_;  // of the batch
  std::uint32_t next_sample_ = 0;
};

/// After one step the weights are those of a step in double precision, but for rounding.
bool first_step_is_right(const LabContext& context, const StrategyOptions& options,
                         ThreadPool& pool);

}  // namespace trp
