#include "strategy/pipeline_parallel.h"

#include <algorithm>
#include <utility>

#include "profile/clock.h"
#include "strategy/fork_join.h"

namespace trp {
namespace {

using Work = PipelineSlot::Work;

/// Multiplications and additions for each sample; the first layer has no input gradient. Zero
/// inputs count like others, though they may be skipped.
std::vector<Index> layer_costs(const Mlp& mlp) {
  std::vector<Index> costs;
  for (const Layer& layer : mlp.layers)
    costs.push_back((costs.empty() ? 4 : 6) * layer.weight.rows() * layer.weight.cols());
  return costs;
}

Pipeline make_pipeline(const Mlp& mlp, const BatchForm& form, const Plan& plan, int worker_count) {
  const std::vector<Index> costs = layer_costs(mlp);
  const int stage_count = std::min(worker_count, static_cast<int>(costs.size()));
  const auto micro_batches = static_cast<int>(std::min<Index>(plan.micro_batches, form.capacity));
  return {.stages = divide_into_stages(costs, stage_count),
          .schedule = make_pipeline_schedule(plan.pipeline_schedule, stage_count, micro_batches)};
}

/// Room for the micro-batches that are live at a time in each stage.
Activations make_live_activations(const Mlp& mlp, const Pipeline& pipeline,
                                  Index micro_batch_rows) {
  Activations activations;
  for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
    const Index rows =
        max_live_micro_batches(pipeline.schedule, static_cast<int>(s)) * micro_batch_rows;
    for (Index l = pipeline.stages[s].begin; l < pipeline.stages[s].end; ++l) {
      const Index cols = mlp.layers[static_cast<std::size_t>(l)].weight.cols();
      activations.outputs.emplace_back(rows, cols);
      activations.gradients.emplace_back(rows, cols);
    }
  }
  return activations;
}

}  // namespace

struct PipelineParallel::Step {
  const StepInput& input;
  const Batch& batch;
  const PipelineSchedule& schedule;
  Stopwatch stopwatch;
};

PipelineParallel::PipelineParallel(const Mlp& mlp, const Optimizer& optimizer,
                                   const BatchForm& form, const Plan& plan, ThreadPool& pool)
    : pool_(pool),
      pipeline_(make_pipeline(mlp, form, plan, pool.worker_count())),
      micro_batch_rows_(
          split_evenly(form.capacity, pipeline_.schedule.micro_batch_count, 0).size()),
      buffers_(mlp, form, make_live_activations(mlp, pipeline_, micro_batch_rows_)),
      gradient_(make_gradient(mlp)),
      update_(make_tiles(mlp), mlp, optimizer, pool.worker_count()) {
  const int stage_count = pipeline_.schedule.stage_count;
  for (int s = 0; s < stage_count; ++s) {
    auto stage = std::make_unique<Stage>(stage_count <= pool.cpu_count());
    stage->layers = pipeline_.stages[static_cast<std::size_t>(s)];
    stage->live_limit = max_live_micro_batches(pipeline_.schedule, s);
    stage_of_layer_.insert(stage_of_layer_.end(), static_cast<std::size_t>(stage->layers.size()),
                           static_cast<std::size_t>(s));
    stages_.push_back(std::move(stage));
  }
  for (const Tile& tile : update_.tiles())
    stages_[stage_of_layer_[tile.layer]]->tiles.push_back(tile);
}

const PipelineSchedule& PipelineParallel::schedule_for(Index sample_count) {
  const PipelineSchedule& whole = pipeline_.schedule;
  if (sample_count >= whole.micro_batch_count) return whole;
  const auto micro_batch_count = static_cast<int>(sample_count);
  if (smaller_batch_schedule_.micro_batch_count != micro_batch_count)
    smaller_batch_schedule_ =
        make_pipeline_schedule(whole.kind, whole.stage_count, micro_batch_count);
  return smaller_batch_schedule_;
}

StepResult PipelineParallel::step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) {
  for (const auto& stage : stages_) {
    stage->forward_done.reset();
    stage->backward_done.reset();
  }

  const Step step = {input, batch_of(input, buffers_), schedule_for(input.sample_count()), {}};
  {
    const auto join = PhaseScope::fork_join(input.phases);
    pool_.run_together(static_cast<int>(stages_.size()), [&](int s, int worker) {
      try {
        run_stage(step, static_cast<std::size_t>(s), worker, optimizer, mlp);
      } catch (...) {
        for (const auto& stage : stages_) {
          stage->forward_done.cancel();
          stage->backward_done.cancel();
        }
        throw;
      }
    });
  }
  add_times();

  if (optimizer.clips()) {
    const auto run = [&](int count, const auto& task) {
      fork_join(pool_, input.phases, Phase::kSgd, count, task);
    };
    const auto source_of = [&](const Tile& tile) { return ended_gradient(mlp, tile, gradient_); };
    update_.apply(run, source_of, input, optimizer, mlp);
  } else {
    fold_bias(mlp);
  }
  return sum_results(input, buffers_);
}

void PipelineParallel::run_stage(const Step& step, std::size_t s, int worker, Optimizer& optimizer,
                                 Mlp& mlp) {
  PhaseRecorder* phases = step.input.phases;
  const PhaseScope scope(phases, worker, Phase::kOther);
  Stage& stage = *stages_[s];
  stage.busy_seconds = 0;
  for (const PipelineSlot& slot : step.schedule.slots[s]) {
    if (slot.work == Work::kIdle) continue;
    {
      const PhaseScope wait(phases, worker, Phase::kBarrier);
      if (!wait_for_neighbour(s, slot)) return;
    }
    const double begin = step.stopwatch.seconds();
    if (slot.work == Work::kForward) {
      run_forward(step, s, slot.micro_batch, worker, mlp);
      stage.forward_done.advance();
    } else {
      const PhaseScope backward(phases, worker, Phase::kBackward, slot.micro_batch);
      run_backward(step, s, slot.micro_batch, mlp);
      stage.backward_done.advance();
    }
    stage.ended_at = step.stopwatch.seconds();
    stage.busy_seconds += stage.ended_at - begin;
  }
  if (optimizer.clips()) return;  // the norm takes all stages
  const PhaseScope update(phases, worker, Phase::kSgd);
  for (const Tile& tile : stage.tiles)
    optimizer.update(tile, ended_gradient(mlp, tile, gradient_), step.input.rates, 1, {}, mlp);
}

/// False when another stage has failed.
bool PipelineParallel::wait_for_neighbour(std::size_t s, const PipelineSlot& slot) const {
  const int count = slot.micro_batch + 1;
  if (slot.work == Work::kForward) return s == 0 || stages_[s - 1]->forward_done.wait_for(count);
  return s + 1 == stages_.size() || stages_[s + 1]->backward_done.wait_for(count);
}

void PipelineParallel::run_forward(const Step& step, std::size_t s, int micro_batch, int worker,
                                   const Mlp& mlp) {
  const PhaseScope scope(step.input.phases, worker, Phase::kForward, micro_batch);
  Activations& activations = buffers_.activations;
  const Range rows = batch_rows(step, micro_batch);
  if (s == 0) {
    const PhaseScope gathering(step.input.phases, worker, Phase::kGather);
    gather_rows(step.input, rows, buffers_);
  }
  for (Index layer = stages_[s]->layers.begin; layer < stages_[s]->layers.end; ++layer) {
    const auto l = static_cast<std::size_t>(layer);
    const TensorView output = live_rows(step, l, micro_batch, activations.outputs);
    forward_layer(mlp, l, input_of_layer(step, l, micro_batch), {0, output.cols()}, output,
                  step.input.dropout_of(rows));
  }
  if (s + 1 == stages_.size()) {
    const std::size_t last = mlp.layers.size() - 1;
    compute_losses(step.input, rows, live_rows(step, last, micro_batch, activations.outputs),
                   live_rows(step, last, micro_batch, activations.gradients), buffers_);
  }
}

void PipelineParallel::run_backward(const Step& step, std::size_t s, int micro_batch,
                                    const Mlp& mlp) {
  std::vector<Tensor>& gradients = buffers_.activations.gradients;
  for (Index layer = stages_[s]->layers.end - 1; layer >= stages_[s]->layers.begin; --layer) {
    const auto l = static_cast<std::size_t>(layer);
    if (l == 0) break;
    const TensorView input_gradient = live_rows(step, l - 1, micro_batch, gradients);
    backward_layer(mlp, l, live_rows(step, l, micro_batch, gradients),
                   live_rows(step, l - 1, micro_batch, buffers_.activations.outputs),
                   {0, input_gradient.cols()}, input_gradient,
                   step.input.dropout_of(batch_rows(step, micro_batch)));
  }
  for (const Tile& tile : stages_[s]->tiles)
    tile_gradient(tile_factors(input_of_layer(step, tile.layer, micro_batch),
                               live_rows(step, tile.layer, micro_batch, gradients), tile),
                  tile, micro_batch == 0 ? ChainStart::kZero : ChainStart::kResult,
                  of_tile(gradient_, tile));
}

/// The rows of the batch that a micro-batch takes.
Range PipelineParallel::batch_rows(const Step& step, int micro_batch) const {
  return split_evenly(step.input.sample_count(), step.schedule.micro_batch_count, micro_batch);
}

/// Where a live micro-batch is kept in the activations of layer l. Its place is taken again when
/// it has gone backward through the stage, which is after it has through the next.
TensorView PipelineParallel::live_rows(const Step& step, std::size_t l, int micro_batch,
                                       std::vector<Tensor>& of) {
  const Index begin = micro_batch % stages_[stage_of_layer_[l]]->live_limit * micro_batch_rows_;
  return of[l].view_rows(begin, begin + batch_rows(step, micro_batch).size());
}

InputView PipelineParallel::input_of_layer(const Step& step, std::size_t l, int micro_batch) {
  if (l > 0) return live_rows(step, l - 1, micro_batch, buffers_.activations.outputs);
  const Range rows = batch_rows(step, micro_batch);
  return view_rows(step.batch.input(), rows.begin, rows.end);
}

void PipelineParallel::add_times() {
  double ended_at = 0;
  for (const auto& stage : stages_) {
    pipeline_.busy_seconds += stage->busy_seconds;
    ended_at = std::max(ended_at, stage->ended_at);
  }
  pipeline_.slot_seconds += ended_at * static_cast<double>(stages_.size());
}

}  // namespace trp
