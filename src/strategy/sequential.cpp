#include "strategy/sequential.h"
#include "nn/mlp.h"
#include "strategy/phase.h"

namespace trp {

Sequential::Sequential(const Mlp& mlp, const Sgd& sgd, const BatchForm& form)
    : buffers_(mlp, form), update_(make_tiles(mlp), mlp, sgd, 1) {}

StepResult Sequential::step(const StepInput& input, Sgd& sgd, Mlp& mlp) {
  const Range rows = {0, static_cast<Index>(input.samples.size())};
  compute_rows(input, mlp, rows, buffers_, 0);

  const Batch& batch = batch_of(input, buffers_);
  const auto run = [&](int count, const auto& task) {
    const PhaseScope scope(input.phases, 0, Phase::kSgd);
    for (int index = 0; index < count; ++index) task(index, 0);
  };
  const auto factors_of = [&](const Tile& tile) {
    return tile_factors(batch.input(), buffers_.activations, rows, tile);
  };
  update_.apply_factors(run, factors_of, input, sgd, mlp);
  return sum_results(buffers_, input.samples.size());
}

}  // namespace trp
