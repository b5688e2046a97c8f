#include "measure/comparison.h"

#include <utility>

#include "measure/certainty.h"
#include "nn/mlp.h"

namespace trp {
namespace {

constexpr double kTurnSeconds = 0.05;

}  // namespace

SequentialTwin::SequentialTwin(const Recipe& recipe, const Dataset& samples, ThreadPool& pool,
                               int cpus, PhaseRecorder* recorder, std::optional<TrainState> first)
    : recorder_(recorder),
      pool_(pool),
      trainer_(recipe, {.strategy = StrategyKind::kSequential}, samples, pool, nullptr,
               std::move(first)),
      meter_(cpus),
      contenders_{{.name = "parallel", .workers = pool.worker_count()}, {.name = "sequential"}} {}

void SequentialTwin::follow(const StepReport& step, const std::atomic<bool>& stop) {
  other_seconds_ += other_timer_.seconds_of(step);
  ++steps_behind_;
  if (other_seconds_ < kTurnSeconds) return;
  if (recorder_) recorder_->pause();
  take_turn(stop);
  if (recorder_) recorder_->resume();
}

void SequentialTwin::take_turn(const std::atomic<bool>& stop) {
  if (steps_behind_ == 0) return;
  contenders_[0].seconds.push_back(std::exchange(other_seconds_, 0));
  meter_.charge(contenders_[0]);
  double seconds = 0;
  for (; steps_behind_ > 0 && !stop.load(std::memory_order_relaxed); --steps_behind_)
    seconds += own_timer_.seconds_of(trainer_.step());
  contenders_[1].seconds.push_back(seconds);
  meter_.charge(contenders_[1]);
}

Comparison SequentialTwin::compare(const TrainResult& other) {
  const std::atomic<bool> never_stop{false};
  take_turn(never_stop);
  if (trainer_.state().epochs.size() < other.epochs.size()) trainer_.run_epoch({}, never_stop);
  meter_.correct(contenders_);
  const double seconds = train_seconds(trainer_.state());
  const auto is_first_faster = [](const std::vector<Contender>& contenders) {
    return mean(contenders[0].seconds) < mean(contenders[1].seconds);
  };
  return {.sequential_seconds = seconds,
          .parallel_seconds = other.train_seconds,
          .workers = pool_.worker_count(),
          .same_bits = weights_digest(trainer_.release_network()) == other.weights,
          .lost_share = lost_share(contenders_),
          .is_certain = is_certain(contenders_, is_first_faster)};
}

}  // namespace trp
