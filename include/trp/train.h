#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "trp/dataset.h"
#include "trp/mlp.h"
#include "trp/plan.h"
#include "trp/recipe.h"
#include "trp/score.h"
#include "trp/tensor.h"
#include "trp/thread_pool.h"
#include "trp/train_state.h"
#include "trp/trainer.h"

namespace trp {

enum class TrainStatus { kCompleted, kInterrupted, kDiverged, kEarlyStopped };

struct TrainResult {
  TrainStatus status = TrainStatus::kCompleted;
  std::vector<EpochResult> epochs;  // the finished ones
  std::int64_t steps = 0;           // those before it was resumed included
  std::optional<Divergence> divergence;
  int best_epoch = 0;               // with early stopping: the epoch whose weights were kept
  std::optional<Score> validation;  // of the weights that are kept, if they are an epoch's
  Score test;  // of no samples if training was stopped and scoring them would take long
  double train_seconds = 0;  // all steps, without validation and test
  double samples_per_second = 0;
  std::optional<PipelineBubble> bubble;  // with StrategyKind::kPipeline
  std::vector<PlanUse> plan_uses;        // with StrategyKind::kAuto
  double bytes_per_step = 0;             // that this rank sends to others
  std::string weights;                   // digest
  Mlp mlp;
};

/// What train() calls on its own thread; empty functions are skipped.
struct TrainEvents {
  std::function<void(const TrainStart&)> start = {};
  std::function<void(const StepReport&)> step = {};
  /// After each epoch; after `start`, for those that were finished before a training was resumed.
  std::function<void(const EpochResult&)> epoch = {};
  /// After every `save_every` (at least 1) epochs and when training ends, before the epoch is
  /// reported; but only with a state that is worth saving. Ranks have one all or none.
  std::function<void(const TrainState&)> save = {};
  /// With the network's outputs for the test set, a row for each sample, if their loss is finite.
  std::function<void(ConstTensorView logits)> scored = {};
  int save_every = 1;
  PhaseRecorder* recorder = nullptr;  // of the pool's workers; records from after start to the end
  Cluster* cluster = nullptr;         // of which this process is a rank; see Trainer
};

/// Trains to the end and scores the network on the test set. The weights depend on recipe and data,
/// not on the plan (unless bits_may_differ(plan)) and the pool, nor on where a training was stopped
/// and resumed. When `stop` becomes true the result is that of an interrupted training. A state in
/// which training is over is just scored.
///
/// Throws what Trainer throws, and what an event has thrown, after all threads have stopped.
TrainResult train(const Recipe& recipe, const Plan& plan, const DataSets& data, ThreadPool& pool,
                  const TrainEvents& events, const std::atomic<bool>& stop,
                  std::optional<TrainState> resumed = std::nullopt);

}  // namespace trp
