#pragma once

#include <memory>
#include <vector>

#include "data/batch.h"
#include "lab/experiment.h"
#include "nn/mlp.h"
#include "nn/reference.h"
#include "strategy/strategy.h"

namespace trp {

// The network and the batches that experiments work with.

/// The default network, 128 and 64 wide inside, for the samples and classes of the data.
Mlp make_lab_network(const LabContext& context);

/// The first `count` training samples, over and over if there are fewer.
Batch first_samples(const LabContext& context, Index count);

// What results are compared with, but for rounding: the same in double precision, computed once.

class ExpectedOutputs {
 public:
  ExpectedOutputs(const Mlp& mlp, const Batch& batch);
  bool match(const Tensor& outputs) const;

 private:
  Eigen::MatrixXd outputs_;
};

/// Of the mean loss over the batch.
class ExpectedGradient {
 public:
  ExpectedGradient(const Mlp& mlp, const Batch& batch);
  bool matches(const Gradient& gradient) const;

 private:
  ReferenceMlp gradient_;
};

/// One step of SGD after another on batch after batch of the training samples, from the same start
/// for each object.
class TrainingSteps {
 public:
  static constexpr Index kBatchSize = 64;

  TrainingSteps(const LabContext& context, const Plan& options, ThreadPool& pool);

  void step();

  /// The same, on a batch that was gathered before.
  void step_on(const Batch& batch);

  const Mlp& mlp() const { return mlp_; }
  const Pipeline* pipeline() const { return strategy_->pipeline(); }

 private:
  void step_with(const Batch* batch);

  const Dataset& dataset_;
  Mlp mlp_;
  Optimizer optimizer_;
  std::unique_ptr<Strategy> strategy_;
  std::vector<std::uint32_t> samples_;  // of the batch
  std::uint32_t next_sample_ = 0;
};

/// The first of the TrainingSteps.
class ExpectedStep {
 public:
  explicit ExpectedStep(const LabContext& context);
  bool is_made_by(const Plan& options, ThreadPool& pool) const;

 private:
  const LabContext& context_;
  ReferenceMlp gradient_;
};

}  // namespace trp
