#pragma once

#include <vector>

#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// Model parallelism within layers: each worker owns a range of the outputs of every layer, whole
/// cache lines of them, for the whole batch. It computes these outputs, their gradients and the
/// gradients of the weights that lead to them, and applies the latter: nothing is merged. In return
/// each layer needs what all workers have computed in the layer before it, so a step takes a
/// fork-join per layer and direction, which is the barrier between them. Where a layer has fewer
/// cache lines of outputs than there are workers, the rest of them have nothing to do in it.
class TensorParallel final : public Strategy {
 public:
  TensorParallel(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                 ThreadPool& pool);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;

 private:
  template <class Task>
  void for_each_part_of(Index outputs, PhaseRecorder* phases, Phase phase, const Task& task);
  template <class Task>
  void for_each_shard_of(const StepInput& input, Phase phase, const Task& task);

  ThreadPool& pool_;
  int part_count_;
  BatchBuffers buffers_;
  ParameterUpdate update_;
  std::vector<std::vector<int>> tiles_of_part_;
};

}  // namespace trp
