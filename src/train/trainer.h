#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "nn/mlp.h"
#include "nn/sgd.h"
#include "parallel/thread_pool.h"
#include "profile/phases.h"
#include "strategy/strategy.h"
#include "train/evaluate.h"
#include "train/learning_rate.h"

namespace trp {

/// How to train, validated by whoever fills it in: counts are at least 1 where 0 has no meaning,
/// 0 ≤ validation_share < 1, and early stopping comes with a validation share.
struct TrainOptions {
  std::vector<Index> hidden = {128, 64};  // width of each hidden layer
  Index class_count = 10;
  int epochs = 10;
  Index batch_size = 64;
  double learning_rate = 0.05;
  ScheduleKind schedule = ScheduleKind::kLinear;
  int warmup_epochs = 0;
  SgdOptions sgd = {.momentum = 0.9F};
  std::uint64_t seed = 1;
  Index limit = 0;  // only the first so many training samples; 0: all
  double validation_share = 0;
  bool shuffle = true;
  int early_stopping = 0;  // epochs without a better validation loss after which to stop; 0: never
  bool dry_run = false;    // one batch per epoch
  AugmentOptions augment;
  int save_every = 1;  // epochs after which TrainEvents::save is called
  StrategyOptions strategy;
  int loaders = 0;     // threads that prepare batches; 0: each worker gathers its own shard
  int queue_size = 4;  // batches that loaders may be ahead
};

/// What is known before the first step.
struct TrainStart {
  std::vector<Index> layers = {};
  Index parameter_count = 0;
  Index train_samples = 0;
  Index validation_samples = 0;
  double zero_share = 0;  // of the training samples' values, of which some are looked at
  ZeroInputs zero_inputs = ZeroInputs::kMultiply;
  int loaders = 0;  // that exist; fewer than wanted when the system refuses a thread
  std::optional<Pipeline> pipeline = {};  // with StrategyKind::kPipeline
};

/// After each step.
struct StepReport {
  int epoch = 0;           // from 1
  std::int64_t batch = 0;  // of the epoch, from 1
  Index samples_done = 0;  // of the epoch
  Index samples_in_epoch = 0;
  double mean_loss = 0;      // over samples_done
  double learning_rate = 0;  // of this step
  double seconds = 0;        // of training in this epoch so far
};

struct EpochResult {
  int epoch = 0;              // from 1
  double train_loss = 0;      // mean over the epoch, each batch before its own step
  double train_accuracy = 0;  // likewise
  std::optional<EvaluationResult> validation;
  double learning_rate = 0;  // of the last step
  double seconds = 0;        // of training, without validation
  double samples_per_second = 0;
};

/// Of an epoch that is not finished.
struct EpochProgress {
  std::int64_t batch = 0;  // steps done
  double loss_sum = 0;     // over the samples of these steps
  Index correct_count = 0;
  double seconds = 0;  // of training
};

/// Where a training stands between two steps: all that it takes to go on to the same bits.
struct TrainState {
  Mlp mlp;
  Gradient velocity = {};                // no layers without momentum
  std::vector<EpochResult> epochs = {};  // the finished ones
  EpochProgress progress = {};           // of the epoch after them
  // With early stopping, once an epoch is finished: the best one so far and its weights.
  int best_epoch = 0;
  double best_loss = std::numeric_limits<double>::infinity();
  Mlp best = {};
};

/// The share of the stages' time in which they wait, in a pipeline.
struct PipelineBubble {
  double predicted = 0;  // were all slots equally long
  double measured = 0;
};

enum class TrainStatus { kCompleted, kInterrupted, kDiverged, kEarlyStopped };

/// Where the loss or a parameter stopped being a finite number.
struct Divergence {
  int epoch = 0;
  std::int64_t batch = 0;
  double learning_rate = 0;
};

struct TrainResult {
  TrainStatus status = TrainStatus::kCompleted;
  std::vector<EpochResult> epochs;  // the finished ones
  std::int64_t steps = 0;           // those before it was resumed included
  std::optional<Divergence> divergence;
  int best_epoch = 0;  // with early stopping: the epoch whose weights were kept
  EvaluationResult test;
  double train_seconds = 0;  // all steps, without validation and test
  double samples_per_second = 0;
  std::optional<PipelineBubble> bubble;  // with StrategyKind::kPipeline
  std::string weights;                   // digest
  Mlp mlp;
};

/// Called by train() on its own thread; empty functions are skipped.
struct TrainEvents {
  std::function<void(const TrainStart&)> start = {};
  std::function<void(const StepReport&)> step = {};
  /// After each epoch; after `start`, for those that were finished before a training was resumed.
  std::function<void(const EpochResult&)> epoch = {};
  /// After every TrainOptions::save_every epochs and when training ends, before the epoch is
  /// reported; but not with a network that has no step behind it or whose loss is not finite.
  std::function<void(const TrainState&)> save = {};
  PhaseRecorder* phases = nullptr;  // of the pool's workers; records from after start to the end
};

/// Trains a new network, or goes on from a state, and scores it on the test set. The weights depend
/// on data and options, not on the strategy (but for MergeKind::kArrival) and the pool, nor on
/// where a training was stopped and resumed. When `stop` becomes true the step in hand is finished
/// and the result is that of an interrupted training. A state in which training is over is just
/// scored.
///
/// Throws UsageError if the samples cannot be augmented so, Error if the state is not one of a
/// training with such options and data; rethrows what a worker, a loader or an event has thrown,
/// after all threads have stopped.
TrainResult train(const TrainOptions& options, const DataSets& data, ThreadPool& pool,
                  const TrainEvents& events, const std::atomic<bool>& stop,
                  std::optional<TrainState> resumed = std::nullopt);

/// Of the data set's samples as many as the options allow, those for validation included.
Index used_samples(const TrainOptions& options, const Dataset& train);

/// Seconds of all steps so far, without validation.
double train_seconds(const TrainState& state);

/// Whether a training with these options ends where the state is.
bool is_over(const TrainOptions& options, const TrainState& state);

}  // namespace trp
