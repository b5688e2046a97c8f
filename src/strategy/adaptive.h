#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "strategy/strategy.h"

namespace trp {

/// Takes the plan that is fastest here and now. All plans give the same bits, so the plan may
/// change from one step to the next: now and then some steps of the training itself are made in the
/// way that is best so far, some in another, beside the clock, and those that follow in the faster
/// one. As long as a way stays the best, comparisons become rarer, down to 1 % of the time; they
/// never end, since neighbours come and go, and so do distances between cores.
///
/// The ways are data parallelism with all workers of the pool, and with half, a quarter, … of as
/// many as there are CPUs; tensor parallelism, unless a batch has more activations to travel than
/// the network has weights; and sequential training. More workers have to be faster by 3 %. Where a
/// step takes so long that no way of sharing it out could cost more than it brings, nothing is
/// compared, and it is mostly data parallelism, with which training begins.
class Adaptive final : public Strategy {
 public:
  /// Takes the merge and the pinning of `plan`.
  Adaptive(const Mlp& mlp, const BatchForm& form, const Plan& plan, ThreadPool& pool);

  StepResult step(const StepInput& input, Optimizer& optimizer, Mlp& mlp) override;
  void settle(Optimizer& optimizer, Mlp& mlp) override;
  std::vector<PlanUse> uses() const override;

 private:
  struct Way {
    PlanUse use;
    std::unique_ptr<ThreadPool> pool;    // if it has fewer workers than all
    std::unique_ptr<Strategy> strategy;  // none before its first step
  };

  void take(std::size_t way, Optimizer& optimizer, Mlp& mlp);
  std::optional<double> measure(double seconds, Index samples);
  std::size_t next_way(double seconds_of_sample, Index samples);

  const BatchForm form_;
  ThreadPool& pool_;
  std::vector<Way> ways_;
  std::size_t way_ = 0;                     // in hand
  std::size_t best_ = 0;                    // so far
  std::size_t challenger_ = 1;              // of the comparison in hand, or the next
  std::vector<double> seconds_of_samples_;  // with the way in hand, in each step that counts
  double seconds_of_best_ = 0;              // for a sample, as measured
  double of_way_ = 0;    // seconds that the way in hand has taken in this comparison
  double spent_ = 0;     // seconds that this comparison has taken
  double patience_ = 1;  // how long the next rest is, in times of the comparison before
  double rest_ = 0;      // seconds of training before the next comparison
};

}  // namespace trp
