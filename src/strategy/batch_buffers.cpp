#include "strategy/batch_buffers.h"

#include <utility>

#include "nn/loss.h"
#include "strategy/phase.h"

namespace trp {

BatchBuffers::BatchBuffers(const Mlp& mlp, const BatchForm& form)
    : BatchBuffers(mlp, form, make_activations(mlp, form.capacity)) {}

BatchBuffers::BatchBuffers(const Mlp& mlp, const BatchForm& form, Activations activations_of_size)
    : gathered(form, mlp.input_size()),
      activations(std::move(activations_of_size)),
      losses(static_cast<std::size_t>(form.capacity)),
      correct(static_cast<std::size_t>(form.capacity)) {}

const Batch& batch_of(const StepInput& input, const BatchBuffers& buffers) {
  return input.batch ? *input.batch : buffers.gathered;
}

void gather_rows(const StepInput& input, Range rows, BatchBuffers& buffers) {
  if (!input.batch)
    gather(input.dataset, input.samples, rows, buffers.gathered, input.augmentation);
}

void compute_losses(const StepInput& input, Range rows, ConstTensorView logits, TensorView gradient,
                    BatchBuffers& buffers) {
  const auto begin = static_cast<std::size_t>(rows.begin);
  const auto count = static_cast<std::size_t>(rows.size());
  LossForm form = input.loss;
  if (form.class_weights.empty()) form.divisor = static_cast<double>(input.sample_count());
  softmax_cross_entropy(logits, std::span(batch_of(input, buffers).labels).subspan(begin, count),
                        form, gradient, std::span(buffers.losses).subspan(begin, count),
                        std::span(buffers.correct).subspan(begin, count));
}

void compute_rows(const StepInput& input, const Mlp& mlp, Range rows, BatchBuffers& buffers,
                  int worker, std::size_t first_layer) {
  Activations& activations = buffers.activations;
  const Range all = {0, input.sample_count()};
  if (first_layer == 0) {
    const PhaseScope scope(input.phases, worker, Phase::kGather);
    gather_rows(input, rows, buffers);
  }
  {
    const PhaseScope scope(input.phases, worker, Phase::kForward);
    forward(mlp, batch_of(input, buffers).input(), rows, activations, first_layer,
            input.dropout_of(all));
    compute_losses(input, rows, activations.outputs.back().view_rows(rows.begin, rows.end),
                   activations.gradients.back().view_rows(rows.begin, rows.end), buffers);
  }
  const PhaseScope scope(input.phases, worker, Phase::kBackward);
  backward(mlp, rows, activations, first_layer, input.dropout_of(all));
}

StepResult sum_results(const StepInput& input, const BatchBuffers& buffers) {
  StepResult result;
  for (std::size_t i = 0; i < input.samples.size(); ++i) {
    result.loss_sum += buffers.losses[i];
    result.correct_count += buffers.correct[i];
  }
  return result;
}

}  // namespace trp
