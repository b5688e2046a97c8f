#pragma once

#include <memory>
#include <vector>

#include "parallel/progress_counter.h"
#include "strategy/batch_buffers.h"
#include "strategy/parameter_update.h"
#include "strategy/pipeline_schedule.h"
#include "strategy/strategy.h"

namespace trp {

/// Model parallelism across layers: each worker owns a stage, a range of layers, through which the
/// micro-batches of a batch flow. The weight gradients of a layer continue their chains from
/// micro-batch to micro-batch; when the last has come back, the stage updates its layers. There are
/// as many stages as workers, but at most as many as layers; all of them run at once.
class PipelineParallel final : public Strategy {
 public:
  PipelineParallel(const Mlp& mlp, const Optimizer& optimizer, const BatchForm& form,
                   const Plan& plan, ThreadPool& pool);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;
  const Pipeline* pipeline() const override { return &pipeline_; }

 private:
  struct alignas(kCacheLineBytes) Stage {
    explicit Stage(bool spins) : forward_done(spins), backward_done(spins) {}

    Range layers;
    std::vector<Tile> tiles;
    int live_limit = 0;  // micro-batches for which its layers have room
    alignas(kCacheLineBytes) ProgressCounter forward_done;
    alignas(kCacheLineBytes) ProgressCounter backward_done;
    alignas(kCacheLineBytes) double busy_seconds = 0;  // of the step at hand
    double ended_at = 0;                               // seconds from the beginning of the step
  };

  /// What one step is made on, for all stages.
  struct Step;

  const PipelineSchedule& schedule_for(Index sample_count);
  void run_stage(const Step& step, std::size_t s, int worker, Optimizer& optimizer, Mlp& mlp);
  void run_forward(const Step& step, std::size_t s, int micro_batch, int worker, const Mlp& mlp);
  void run_backward(const Step& step, std::size_t s, int micro_batch, const Mlp& mlp);
  bool wait_for_neighbour(std::size_t s, const PipelineSlot& slot) const;
  void add_times();

  Range batch_rows(const Step& step, int micro_batch) const;
  TensorView live_rows(const Step& step, std::size_t l, int micro_batch, std::vector<Tensor>& of);
  InputView input_of_layer(const Step& step, std::size_t l, int micro_batch);

  ThreadPool& pool_;
  Pipeline pipeline_;
  PipelineSchedule smaller_batch_schedule_;  // for batches of fewer samples than micro-batches
  Index micro_batch_rows_;                   // at most
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<std::size_t> stage_of_layer_;
  BatchBuffers buffers_;
  Gradient gradient_;
  ParameterUpdate update_;
};

}  // namespace trp
