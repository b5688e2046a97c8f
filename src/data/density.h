#pragma once

#include "data/augment.h"
#include "data/dataset.h"
#include "nn/kernels.h"

namespace trp {

/// The share of the values that are not zero, over at most a thousand samples spread over the data
/// set; 0 for a data set without values.
double measure_density(const Dataset& dataset);

/// What serves training best: to skip zeros pays with bytes, unless more than about two thirds
/// are something else or noise makes them so. Changes no bit of the result.
ZeroInputs choose_zero_inputs(const Dataset& dataset, const AugmentOptions& augment);

}  // namespace trp
