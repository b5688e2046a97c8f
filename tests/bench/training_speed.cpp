// Whole training epochs of the default network, 784-128-64-10 with plain SGD, by the program's
// strategies and by Eigen's own products, in turn; prints medians and spread as a Markdown table.
// Usage: training_speed [DIR [ROUNDS]], DIR with the four files of a data set.

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/eigen_step.h"
#include "trp/core/cpu.h"
#include "trp/data/data_files.h"
#include "trp/data/sampler.h"
#include "trp/strategy/strategy.h"

using namespace trp;

namespace {

constexpr float kLearningRate = 0.1F;

/// Makes a network and returns what trains it by one step and gives the sum of the losses.
using StepFunction = std::function<double(std::span<const std::uint32_t>)>;

struct Contender {
  std::string name;
  std::function<StepFunction(Index batch_size)> make;
};

struct Epoch {
  double samples_per_second;
  double loss;
};

Epoch run_epoch(const Contender& contender, const Sampler& sampler, Index batch_size) {
  const StepFunction step = contender.make(batch_size);
  std::vector<std::uint32_t> order;
  epoch_order(sampler, 1, order);
  double loss_sum = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t done = 0; done < order.size(); done += static_cast<std::size_t>(batch_size))
    loss_sum += step(std::span(order).subspan(
        done, std::min(static_cast<std::size_t>(batch_size), order.size() - done)));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const auto n = static_cast<double>(order.size());
  return {n / seconds.count(), loss_sum / n};
}

Contender ours(const std::string& name, const StrategyOptions& options, int workers,
               const Dataset& dataset, const Mlp& initial) {
  return {name, [=, &dataset](Index batch_size) -> StepFunction {
            struct State {
              State(const Mlp& start, const StrategyOptions& how, int worker_count, Index batch)
                  : mlp(start),
                    sgd(mlp, {}),
                    pool(worker_count, available_cpus()),
                    strategy(make_strategy(how, mlp, sgd, batch, pool)) {}
              Mlp mlp;
              Sgd sgd;
              ThreadPool pool;
              std::unique_ptr<Strategy> strategy;
            };
            const auto state = std::make_shared<State>(initial, options, workers, batch_size);
            return [state, &dataset](std::span<const std::uint32_t> samples) {
              return state->strategy
                  ->step({dataset, samples, kLearningRate}, state->sgd, state->mlp)
                  .loss_sum;
            };
          }};
}

Contender eigen(const Dataset& dataset, const Mlp& initial) {
  return {"Eigen's products, 1 thread", [=, &dataset](Index) -> StepFunction {
            const auto state = std::make_shared<EigenStep>(initial);
            return [state, &dataset](std::span<const std::uint32_t> samples) {
              return state->step(dataset, samples, kLearningRate);
            };
          }};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  DataOptions where;
  if (argc > 1) where.directory = argv[1];
  const int rounds = argc > 2 ? std::stoi(argv[2]) : 9;
  const DataSets data = load_data(find_data(where), where.class_count);
  const Sampler sampler = make_sampler(data.train.sample_count, 0, 1, true);
  const Mlp initial = make_mlp(std::vector<Index>{data.train.feature_count, 128, 64, 10}, 1);
  const StrategyOptions sequential = {StrategyKind::kSequential, {}};
  const auto merge = [](MergeKind kind) { return StrategyOptions{StrategyKind::kData, kind}; };
  const std::vector<Contender> contenders = {
      eigen(data.train, initial),
      ours("sequential", sequential, 1, data.train, initial),
      ours("data, factored, 2 workers", merge(MergeKind::kFactored), 2, data.train, initial),
      ours("data, ordered, 2 workers", merge(MergeKind::kOrdered), 2, data.train, initial),
      ours("data, arrival, 2 workers", merge(MergeKind::kArrival), 2, data.train, initial),
      ours("data, factored, 8 workers", merge(MergeKind::kFactored), 8, data.train, initial)};

  fmt::print("{}; {} CPUs; {}; median (min–max) of {} epochs each, in turn\n\n", data.source,
             available_cpus(), simd_target_name(), rounds);
  fmt::print(
      "| batch | | thousand samples/s | against sequential | loss |\n|--:|:--|--:|--:|--:|\n");
  for (const Index batch_size : {64, 256}) {
    std::vector<std::vector<double>> speeds(contenders.size());
    std::vector<double> losses(contenders.size());
    for (int round = 0; round < rounds; ++round)
      for (std::size_t c = 0; c < contenders.size(); ++c) {
        const Epoch epoch = run_epoch(contenders[c], sampler, batch_size);
        speeds[c].push_back(epoch.samples_per_second / 1e3);
        losses[c] = epoch.loss;
      }
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      std::vector<double> ratios;  // round by round, so that a slow spell hits both
      for (int round = 0; round < rounds; ++round) {
        const auto r = static_cast<std::size_t>(round);
        ratios.push_back(speeds[c][r] / speeds[1][r]);
      }
      const auto [least, most] = std::minmax_element(speeds[c].begin(), speeds[c].end());
      fmt::print("| {} | {} | {:.0f} ({:.0f}–{:.0f}) | {:.2f} | {:.4f} |\n", batch_size,
                 contenders[c].name, median(speeds[c]), *least, *most, median(ratios), losses[c]);
    }
  }
}
