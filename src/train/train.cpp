#include <cmath>
#include <span>
#include <utility>

#include "cluster/cluster.h"
#include "profile/clock.h"
#include "strategy/phase.h"
#include "trp/predict.h"
#include "trp/train.h"

namespace trp {
namespace {

/// Whoever stops a training does not wait longer than this for its score.
constexpr double kMaxSecondsAfterStop = 0.1;

void save(Trainer& trainer, const TrainEvents& events) {
  if (events.save && trainer.is_worth_saving()) events.save(trainer.state_to_resume());
}

/// Trains until training is over, stops or diverges.
TrainStatus run_epochs(Trainer& trainer, const Recipe& recipe, const TrainEvents& events,
                       const std::atomic<bool>& stop) {
  while (!trainer.is_over()) {
    const std::optional<EpochResult> epoch = trainer.run_epoch(events.step, stop);
    if (trainer.divergence()) return TrainStatus::kDiverged;
    if (!epoch) {
      save(trainer, events);
      return TrainStatus::kInterrupted;
    }
    if (epoch->epoch % events.save_every == 0 || trainer.is_over()) save(trainer, events);
    if (events.epoch) events.epoch(*epoch);
  }
  const auto epochs_done = static_cast<int>(trainer.state().epochs.size());
  return epochs_done < recipe.epochs ? TrainStatus::kEarlyStopped : TrainStatus::kCompleted;
}

}  // namespace

TrainResult train(const Recipe& recipe, const Plan& plan, const DataSets& data, ThreadPool& pool,
                  const TrainEvents& events, const std::atomic<bool>& stop,
                  std::optional<TrainState> resumed) {
  Trainer trainer(recipe, plan, data.train, pool, events.recorder, std::move(resumed),
                  events.cluster);
  if (events.start) events.start(trainer.start());
  if (events.epoch)
    for (const EpochResult& epoch : trainer.state().epochs) events.epoch(epoch);
  if (events.cluster) {  // whose ranks begin together, so that their times can be laid side by side
    events.cluster->ask(false);
    events.cluster->agreed();
  }
  if (events.recorder) events.recorder->begin();
  TrainResult result;
  result.status = run_epochs(trainer, recipe, events, stop);
  const TrainState& state = trainer.state();
  result.best_epoch = state.best_epoch;
  const auto kept = static_cast<std::size_t>(state.best_epoch);
  if (kept > 0)
    result.validation = state.epochs[kept - 1].validation;
  else if (state.progress.batch == 0 && !state.epochs.empty())
    result.validation = state.epochs.back().validation;
  result.mlp = trainer.release_network();
  {
    const auto scope = PhaseScope::common(events.recorder, Phase::kEvaluation);
    const Stopwatch stopwatch;
    Predictor predictor(result.mlp, pool);
    const ConstTensorView logits = predictor.logits(data.test, [&] {
      // Ranks do not stop at the same moment, but agree that training was stopped.
      const bool is_alone = !events.cluster || !events.cluster->has_others();
      const bool is_stopped = result.status == TrainStatus::kInterrupted ||
                              (is_alone && stop.load(std::memory_order_relaxed));
      return is_stopped && stopwatch.seconds() > kMaxSecondsAfterStop;
    });
    const std::span<const std::uint8_t> labels = data.test.labels;
    result.test = score(logits, logits.rows() == 0 ? labels.first(0) : labels, pool);
    if (events.scored && std::isfinite(result.test.loss)) events.scored(logits);
  }
  if (events.recorder) events.recorder->end();
  result.divergence = trainer.divergence();
  // Weights that the last step made absurd may still be finite.
  if (result.status == TrainStatus::kCompleted && result.test.sample_count > 0 &&
      !std::isfinite(result.test.loss)) {
    result.status = TrainStatus::kDiverged;
    result.divergence = trainer.last_step();
  }
  result.epochs = state.epochs;
  result.steps = trainer.steps_made();
  result.train_seconds = train_seconds(state);
  if (result.train_seconds > 0)
    result.samples_per_second =
        static_cast<double>(trainer.samples_trained()) / result.train_seconds;
  result.bubble = trainer.bubble();
  result.plan_uses = trainer.plan_uses();
  result.bytes_per_step = trainer.bytes_per_step();
  result.weights = weights_digest(result.mlp);
  return result;
}

}  // namespace trp
