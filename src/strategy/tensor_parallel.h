#pragma once

#include <span>
#include <vector>

#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/strategy.h"

namespace trp {

/// Returns how many layers, from the first, are worth dividing: all to the last one that is wide.
/// The first is in any case: its input is there without waiting.
std::size_t count_wide_layers(std::span<const Index> layer_sizes);

/// Returns how many workers at most have outputs of their own to compute in a network of these
/// layer sizes: as many as the widest of its wide layers has cache lines of outputs.
int max_parts(std::span<const Index> layer_sizes);

/// Model parallelism within layers: each worker owns a range of the outputs of the wide layers,
/// whole cache lines of them, for the whole batch. It computes these outputs, their gradients and
/// the gradients of the weights that lead to them, and applies the latter: nothing is merged. In
/// return a layer needs what all workers have computed in the layer before it, which takes a
/// fork-join per wide layer and direction.
///
/// The narrow layers at the end are so little work that every worker does all of it, on weights of
/// its own, rather than wait for the others. A network whose first layer alone is wide takes two
/// fork-joins a step, and only the first layer's outputs travel between cores.
///
/// What a worker has for itself is in memory of its own, the first layer's weights until settle():
/// columns of a common matrix lie beside those of others, and processors fetch neighbouring lines
/// on their own account, which then travel all the same.
class TensorParallel final : public Strategy {
 public:
  TensorParallel(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                 ThreadPool& pool);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;
  void settle(Optimizer& optimizer, Mlp& mlp) override;

 private:
  /// What one worker has for itself.
  struct Part {
    Mlp mlp;  // its columns of the first layer, nothing of the other wide ones, all of the narrow
    Optimizer optimizer;   // of these
    BatchBuffers buffers;  // for the whole batch
  };

  template <class Task>
  void for_each_part(const StepInput& input, Phase phase, const Task& task);
  Range own_columns(Index columns, int part) const;
  int owner_of(const Tile& tile) const;
  enum class Direction { kToParts, kFromParts };
  void copy_parts(Direction direction, Optimizer& optimizer, Mlp& mlp);
  void gather_together(const StepInput& input);
  void forward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l, int part,
                          int worker);
  void compute_narrow_layers(const StepInput& input, int part, int worker);
  void backward_wide_layer(const StepInput& input, const Mlp& mlp, std::size_t l, int part);
  void fetch_columns(const StepInput& input, std::vector<Tensor> Activations::*kind, std::size_t l,
                     int part);
  GradientSource factors_of(const StepInput& input, const Tile& tile, int part) const;
  void update_part(const StepInput& input, float scale, int part, int worker, Optimizer& optimizer,
                   Mlp& mlp);

  ThreadPool& pool_;
  int part_count_;
  std::size_t wide_count_;  // of layers, from the first
  ParameterUpdate update_;
  std::vector<Part> parts_;
  bool parts_are_current_ = false;
};

}  // namespace trp
