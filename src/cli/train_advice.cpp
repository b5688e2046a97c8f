#include "cli/train_advice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "report/numbers.h"
#include "strategy/tensor_parallel.h"
#include "trp/tensor.h"

namespace trp {
namespace {

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
  } else if (strategy == StrategyKind::kData) {
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

void warn_of_unscaled_pixels(const Dataset& data, Output& output) {
  const auto is_pixel = [](float value) {
    return value >= 0 && value <= 255 && value == std::floor(value);
  };
  if (data.values.empty() || !std::ranges::all_of(data.values, is_pixel) ||
      *std::ranges::max_element(data.values) <= 1)
    return;
  output.hint(
      "warning: the images are whole numbers up to 255, but not bytes, so they are taken as they "
      "are; bytes (IDX type 0x08) would be scaled to 0 to 1");
}

}  // namespace trp
