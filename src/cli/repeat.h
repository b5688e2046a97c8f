#pragma once

#include <optional>

#include "cli/output.h"
#include "cli/train.h"
#include "system/stop_signals.h"
#include "trp/train.h"

namespace trp {

/// Trains with options.repeat seeds, one after the other, for a mean of their scores; the plan is
/// complete.
int run_repeats(const TrainOptions& options, const DataSets& data, ThreadPool& pool,
                const std::optional<TrainState>& first, const TrainEvents& events,
                const StopSignals& signals, Output& output);

/// Returns what the program ends with after such a result, and says what there is to say.
int exit_code(const TrainOptions& options, const TrainResult& result, int signal, Output& output);

}  // namespace trp
