#pragma once

#include "data/dataset.h"

namespace trp {

/// The share of the values that are not zero, over at most a thousand samples spread over the data
/// set; 0 for a data set without values.
double measure_density(const Dataset& dataset);

}  // namespace trp
