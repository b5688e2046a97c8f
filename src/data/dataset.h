#pragma once

#include <string>

#include "formats/idx.h"
#include "trp/dataset.h"

namespace trp {

/// Makes samples without labels of an array of rank 2 or more.
Dataset to_dataset(IdxArray images);

/// Returns the share of the values that are not zero, over at most a thousand samples spread over
/// the data set; 0 for a data set without values.
double measure_density(const Dataset& set);

/// Returns the XXH3-128 of all that training and scoring see: shape, elements and labels.
std::string dataset_digest(const Dataset& set);

}  // namespace trp
