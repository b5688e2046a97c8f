#include "cli/train_advice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "data/dataset.h"
#include "report/numbers.h"
#include "strategy/tensor_parallel.h"
#include "trp/tensor.h"

namespace trp {
namespace {

constexpr double kMaxInputDeviation = 3;  // beyond it the default rates hardly train

/// Whether an accuracy on these labels is no better than always naming the commonest class, but for
/// chance: two standard errors.
bool is_chance(double accuracy, const std::vector<std::uint8_t>& labels) {
  std::array<double, kMaxClasses> counts = {};
  for (const std::uint8_t label : labels) ++counts[label];
  const auto total = static_cast<double>(labels.size());
  const double share = *std::ranges::max_element(counts) / total;
  return share < 1 && accuracy <= share + 2 * std::sqrt(share * (1 - share) / total);
}

}  // namespace

void warn_of_fewer(std::string_view thing, int count, int wanted, Output& output) {
  if (count < wanted)
    output.say("warning: the system allows only {} of {} {}s; training goes on with them", count,
               wanted, thing);
}

void warn_of_workers(const RunStart& start, Output& output) {
  const TrainStart& training = start.training;
  const StrategyKind strategy = start.plan.strategy;
  Index busy = 1;
  std::string reason;
  if (strategy == StrategyKind::kPipeline) {
    busy = std::ssize(training.stages);
    reason = fmt::format("the network has {}", count_of(busy, "layer"));
  } else if (may_be_data_parallel(start.plan)) {
    busy = std::min(start.recipe.batch_size, training.train_samples);
    reason = fmt::format("a batch has {}", count_of(busy, "sample"));
  } else if (strategy == StrategyKind::kTensor) {
    busy = max_parts(training.layers);
    reason = fmt::format("outputs are divided by {}, here into {} at most", kLineFloats,
                         count_of(busy, "part"));
  }
  const int workers = start.plan.workers, cpus = start.environment.cpus;
  std::string text;
  if (workers > cpus)
    text = fmt::format("{} share {}, which makes training no faster", count_of(workers, "worker"),
                       count_of(cpus, "CPU"));
  if (workers > busy)
    text += fmt::format("{}{} of {} workers have nothing to do: {}", text.empty() ? "" : "; ",
                        workers - busy, workers, reason);
  if (!text.empty()) output.hint("warning: {}", text);
}

void warn_of_nothing_learned(const TrainResult& result, const DataSets& data, Output& output) {
  if (result.epochs.empty() || !is_chance(result.test.accuracy, data.test.labels) ||
      !is_chance(result.epochs.back().train_accuracy, data.train.labels))
    return;
  output.hint(
      "warning: the network has learned nothing: a test accuracy of {} is no better than always "
      "naming the commonest class; try another --lr",
      percent(result.test.accuracy));
}

void warn_of_unscaled_inputs(const Recipe& recipe, const Dataset& data, Output& output) {
  if (data.values.empty() || recipe.normalization == Normalization::kStandard) return;
  const PixelStatistics found = pixel_statistics(data);
  if (found.deviation > kMaxInputDeviation)
    output.hint(
        "warning: the inputs, which are no bytes and so taken as they are, have a deviation of "
        "{:.3g}; with --normalize standard they have one of 1",
        found.deviation);
}

void warn_of_long_average(const RunStart& start, Output& output) {
  const Recipe& recipe = start.recipe;
  const double steps = std::ceil(static_cast<double>(start.training.train_samples) /
                                 static_cast<double>(recipe.batch_size)) *
                       recipe.epochs;
  const double reach = 1 / (1 - recipe.average_weights);
  if (recipe.average_weights > 0 && reach > steps / 3)
    output.hint(
        "warning: the mean of the weights reaches back over some {:.0f} steps, and training has "
        "{}: "
        "its beginning counts; try --average-weights {:.2g}",
        reach, steps, std::max(0.0, 1 - 10 / steps));
}

}  // namespace trp
