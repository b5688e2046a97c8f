#include "measure/comparison.h"

#include "nn/mlp.h"

namespace trp {
namespace {

constexpr double kTurnSeconds = 0.05;

}  // namespace

SequentialTwin::SequentialTwin(const Recipe& recipe, const Dataset& samples, ThreadPool& pool,
                               PhaseRecorder* recorder)
    : recorder_(recorder),
      trainer_(recipe, {.strategy = StrategyKind::kSequential}, samples, pool) {}

void SequentialTwin::follow(const StepReport& step, const std::atomic<bool>& stop) {
  if (step.batch == 1) turn_begin_ = 0;
  ++steps_behind_;
  if (step.seconds - turn_begin_ < kTurnSeconds) return;
  turn_begin_ = step.seconds;
  if (recorder_) recorder_->pause();
  catch_up(stop);
  if (recorder_) recorder_->resume();
}

void SequentialTwin::catch_up(const std::atomic<bool>& stop) {
  for (; steps_behind_ > 0 && !stop.load(std::memory_order_relaxed); --steps_behind_)
    trainer_.step();
}

Comparison SequentialTwin::compare(const TrainResult& other, int workers) {
  const std::atomic<bool> never_stop{false};
  catch_up(never_stop);
  if (trainer_.state().epochs.size() < other.epochs.size()) trainer_.run_epoch({}, never_stop);
  const TrainState& state = trainer_.state();
  return {
      .sequential_seconds = train_seconds(state),
      .parallel_seconds = other.train_seconds,
      .workers = workers,
      .same_bits = weights_digest(other.best_epoch > 0 ? state.best : state.mlp) == other.weights};
}

}  // namespace trp
