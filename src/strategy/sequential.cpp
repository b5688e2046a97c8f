#include "strategy/sequential.h"
#include "strategy/phase.h"

namespace trp {

Sequential::Sequential(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form)
    : buffers_(mlp, form), update_(make_tiles(mlp), mlp, optimizer, 1) {}

StepResult Sequential::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  const Range rows = {0, input.sample_count()};
  compute_rows(input, mlp, rows, buffers_, 0);

  const Batch& batch = batch_of(input, buffers_);
  const auto run = [&](int count, const auto& task) {
    const PhaseScope scope(input.phases, 0, Phase::kSgd);
    for (int index = 0; index < count; ++index) task(index, 0);
  };
  const auto source_of = [&](const Tile& tile) {
    return tile_factors(batch.input(), buffers_.activations, rows, tile);
  };
  update_.apply(run, source_of, input, optimizer, mlp);
  return sum_results(input, buffers_);
}

}  // namespace trp
