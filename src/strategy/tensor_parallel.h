#pragma once

#include <vector>

#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// Model parallelism within layers: a range of the outputs of every layer for each worker, whole
/// cache lines of them, for the whole batch. It computes these outputs, their gradients, the
/// gradients of the weights that lead to them, and applies them: nothing is merged. In return each
/// layer needs what all workers have computed in the layer before it, so a step takes a fork-join
/// per layer and direction, which is the barrier between them. Where a layer has fewer cache lines
/// of outputs than there are workers, the rest of them have nothing to do in it.
class TensorParallel final : public Strategy {
 public:
  TensorParallel(const Mlp& mlp, const Sgd& sgd, const BatchForm& form, ThreadPool& pool);

  StepResult step(const StepInput& input, Sgd& sgd, Mlp& mlp) override;

 private:
  template <class Task>
  void for_each_part_of(Index outputs, PhaseRecorder* phases, Phase phase, const Task& task);

  ThreadPool& pool_;
  int part_count_;
  BatchBuffers buffers_;
  ParameterUpdate update_;
  std::vector<std::vector<int>> tiles_of_part_;
};

}  // namespace trp
