#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "nn/mlp.h"
#include "strategy/strategy.h"

namespace trp {

/// All that a batch fills on its way through the network, a row for each sample. It is allocated
/// once. Workers may fill different rows at once.
struct BatchBuffers {
  BatchBuffers(const Mlp& mlp, const BatchForm& form);
  /// Takes activations of other sizes than a row for each sample.
  BatchBuffers(const Mlp& mlp, const BatchForm& form, Activations activations);

  Batch gathered;  // used when a step's input comes without a batch
  Activations activations;
  std::vector<double> losses;
  std::vector<std::uint8_t> correct;
};

/// Returns the batch that the step's samples are in, or will be in once they are gathered.
const Batch& batch_of(const StepInput& input, const BatchBuffers& buffers);

/// Gathers rows of the batch unless they have been gathered.
void gather_rows(const StepInput& input, Range rows, BatchBuffers& buffers);

/// Computes the losses of rows of the batch from their logits, and the gradients of the losses with
/// respect to these.
void compute_losses(const StepInput& input, Range rows, ConstTensorView logits, TensorView gradient,
                    BatchBuffers& buffers);

/// Gathers rows of the batch unless they have been gathered, and computes their losses and all
/// layers' gradients of them. With a first_layer above 0 it goes on from the output before that
/// layer, with rows that have been gathered, and ends with the gradient with respect to that
/// output.
void compute_rows(const StepInput& input, const Mlp& mlp, Range rows, BatchBuffers& buffers,
                  int worker, std::size_t first_layer = 0);

/// Adds up the step's losses and hits, in the order of its samples.
StepResult sum_results(const StepInput& input, const BatchBuffers& buffers);

}  // namespace trp
