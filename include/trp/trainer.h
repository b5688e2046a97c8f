#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "trp/dataset.h"
#include "trp/plan.h"
#include "trp/recipe.h"
#include "trp/thread_pool.h"
#include "trp/train_state.h"

namespace trp {

class PhaseRecorder;  // the program itself records where the time goes
class Cluster;        // and may be one of several processes that train together

/// What is known of a training before its first step.
struct TrainStart {
  std::vector<Index> layers = {};
  Index parameter_count = 0;
  Index train_samples = 0;
  Index validation_samples = 0;
  double zero_share = 0;     // of the training samples' values, of which some are looked at
  bool skips_zeros = false;  // of the input, which changes no bit
  int loaders = 0;           // that exist; fewer than planned when the system refuses a thread
  std::vector<Index> stages = {};  // of a pipeline: how many layers each has
  int micro_batches = 0;           // of a pipeline
};

/// What a step has done.
struct StepReport {
  int epoch = 0;           // from 1
  std::int64_t batch = 0;  // of the epoch, from 1
  Index samples_done = 0;  // of the epoch
  Index samples_in_epoch = 0;
  double mean_loss = 0;      // over samples_done
  double learning_rate = 0;  // of this step
  double seconds = 0;        // of training in this epoch so far
};

/// Where the loss or a parameter stopped being a finite number.
struct Divergence {
  int epoch = 0;
  std::int64_t batch = 0;
  double learning_rate = 0;
};

/// The share of the stages' time in which they wait, in a pipeline.
struct PipelineBubble {
  double predicted = 0;  // were all slots equally long
  double measured = 0;
};

/// A trainer makes a training go on step by step. It is whole once constructed: the network is
/// made, the samples are divided and the loaders are at work. It belongs to one thread, which
/// computes with the workers of the pool.
class Trainer {
 public:
  /// Begins a new training, or goes on from `resumed`. Samples, pool and recorder must outlive the
  /// trainer; the recorder may be null. The plan's number of workers is the pool's business. With a
  /// cluster, which may be null and outlives the trainer, all ranks make the same calls, but for
  /// start() and what comes after release_network().
  ///
  /// Throws std::invalid_argument unless labels are below the recipe's class_count; UsageError if
  /// the samples cannot be augmented as the recipe says or are too few to be divided, Error if the
  /// state is not one of a training with such a recipe and such samples.
  Trainer(const Recipe& recipe, const Plan& plan, const Dataset& samples, ThreadPool& pool,
          PhaseRecorder* recorder = nullptr, std::optional<TrainState> resumed = std::nullopt,
          Cluster* cluster = nullptr);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Returns what is known before the first step.
  const TrainStart& start() const;

  /// Makes the next step, the first of the next epoch if the one in hand is complete. Rethrows what
  /// a worker or a loader has thrown, after all of them have stopped.
  StepReport step();

  /// Makes the steps that the epoch in hand still lacks, calling `on_step`, which may be empty,
  /// after each, and then scores the validation samples. Returns nothing if `stop` became true
  /// before, once the step in hand was finished, or if training diverged. Validation that was
  /// broken off is made again by the next call.
  std::optional<EpochResult> run_epoch(const std::function<void(const StepReport&)>& on_step,
                                       const std::atomic<bool>& stop);

  /// Returns whether the last epoch is finished, or early stopping has ended training.
  bool is_over() const;

  /// Returns where training diverged, if it did.
  const std::optional<Divergence>& divergence() const;

  /// Returns the state between the last step and the next one, but for the optimizer's, or with
  /// it, to go on from; valid until the next call of step().
  const TrainState& state() const;
  const TrainState& state_to_resume();

  /// Returns network_to_keep() of the state, which has it no more: no more steps can be made.
  Mlp release_network();

  /// Scores some training samples and returns whether the state is worth keeping: not that of a new
  /// network, nor one whose next step would diverge.
  bool is_worth_saving();

  /// Returns the bubble of a pipeline that has made a step, and nothing of other strategies.
  std::optional<PipelineBubble> bubble() const;

  /// Returns how many steps kAuto has made by each plan it considers, and nothing of other
  /// strategies.
  std::vector<PlanUse> plan_uses() const;

  /// Returns how many bytes this rank has sent to others in each of its steps, on the average.
  double bytes_per_step() const;

  /// Returns the last step, as if it were the one that diverged.
  Divergence last_step() const;

  /// Return the steps made and the samples trained on so far, those before training was resumed
  /// included.
  std::int64_t steps_made() const;
  Index samples_trained() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trp
