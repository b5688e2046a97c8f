#include "strategy/batch_buffers.h"

#include "trp/nn/loss.h"

namespace trp {

BatchBuffers::BatchBuffers(const Mlp& mlp, Index batch_size)
    : gathered(batch_size, mlp.input_size()),
      activations(make_activations(mlp, batch_size)),
      losses(static_cast<std::size_t>(batch_size)),
      correct(static_cast<std::size_t>(batch_size)) {}

const Batch& batch_of(const StepInput& input, const BatchBuffers& buffers) {
  return input.batch ? *input.batch : buffers.gathered;
}

void compute_rows(const StepInput& input, const Mlp& mlp, Range rows, BatchBuffers& buffers) {
  const auto begin = static_cast<std::size_t>(rows.begin);
  const auto count = static_cast<std::size_t>(rows.size());
  Activations& activations = buffers.activations;
  if (!input.batch)
    gather(input.dataset, input.samples, rows, buffers.gathered, input.augmentation);
  const Batch& batch = batch_of(input, buffers);
  forward(mlp, batch.input, rows, activations);
  softmax_cross_entropy(activations.outputs.back().view_rows(rows.begin, rows.end),
                        std::span(batch.labels).subspan(begin, count),
                        static_cast<Index>(input.samples.size()),
                        activations.gradients.back().view_rows(rows.begin, rows.end),
                        std::span(buffers.losses).subspan(begin, count),
                        std::span(buffers.correct).subspan(begin, count));
  backward(mlp, rows, activations);
}

StepResult sum_results(const BatchBuffers& buffers, std::size_t sample_count) {
  StepResult result;
  for (std::size_t i = 0; i < sample_count; ++i) {
    result.loss_sum += buffers.losses[i];
    result.correct_count += buffers.correct[i];
  }
  return result;
}

}  // namespace trp
