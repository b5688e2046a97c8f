#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "nn/mlp.h"
#include "strategy/strategy.h"

namespace trp {

/// All that a batch fills on its way through the network, a row per sample; allocated once.
/// Workers may fill different rows at once.
struct BatchBuffers {
  BatchBuffers(const Mlp& mlp, const BatchForm& form);
  /// With activations of other sizes.
  BatchBuffers(const Mlp& mlp, const BatchForm& form, Activations activations);

  Batch gathered;  // used when the step's input comes without a batch
  Activations activations;
  std::vector<double> losses;
  std::vector<std::uint8_t> correct;
};

/// Where the step's samples are, or will be once gathered.
const Batch& batch_of(const StepInput& input, const BatchBuffers& buffers);

/// Gathers rows of the batch unless they have been.
void gather_rows(const StepInput& input, Range rows, BatchBuffers& buffers);

/// The losses of rows of the batch, and their gradients, from their logits.
void compute_losses(const StepInput& input, Range rows, ConstTensorView logits, TensorView gradient,
                    BatchBuffers& buffers);

/// Gathers the rows unless they have been, and computes their losses and their layers' gradients.
void compute_rows(const StepInput& input, const Mlp& mlp, Range rows, BatchBuffers& buffers,
                  int worker);

/// Sums over the first `sample_count` rows, in order.
StepResult sum_results(const BatchBuffers& buffers, std::size_t sample_count);

}  // namespace trp
