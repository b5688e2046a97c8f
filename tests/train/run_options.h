#pragma once

#include <optional>
#include <utility>

#include "trp/train.h"

namespace trp {

/// What a test trains with.
struct RunOptions {
  Recipe recipe;
  Plan plan;
};

inline TrainResult train(const RunOptions& options, const DataSets& data, ThreadPool& pool,
                         const TrainEvents& events, const std::atomic<bool>& stop,
                         std::optional<TrainState> resumed = std::nullopt) {
  return train(options.recipe, options.plan, data, pool, events, stop, std::move(resumed));
}

}  // namespace trp
