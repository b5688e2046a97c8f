#pragma once

#include <string_view>

#include "cli/output.h"
#include "report/run.h"
#include "trp/dataset.h"
#include "trp/trainer.h"

namespace trp {

// What a training tells that was not asked for. Each says nothing where all is well.

/// Says that there are fewer workers or loaders than wanted.
void warn_of_fewer(std::string_view thing, int count, int wanted, Output& output);

/// Says that there are more workers than CPUs, or than a batch or the network has work for.
void warn_of_workers(const RunStart& start, Output& output);

/// Says that the inputs have values that nobody has scaled: bytes are, other types are not.
void warn_of_unscaled_inputs(const Recipe& recipe, const Dataset& data, Output& output);

/// Says that the mean of the weights will still hold much of what they began with.
void warn_of_long_average(const RunStart& start, Output& output);

/// Says that the network is no better than always naming the commonest class.
void warn_of_nothing_learned(const TrainResult& result, const DataSets& data, Output& output);

}  // namespace trp
