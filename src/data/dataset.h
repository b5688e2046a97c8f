#pragma once

#include <string>

#include "formats/idx.h"
#include "trp/dataset.h"

namespace trp {

/// Samples without labels, of an array of rank 2 or more.
Dataset to_dataset(IdxArray images);

/// XXH3-128 of all that training and scoring see: shape, elements and labels.
std::string dataset_digest(const Dataset& set);

}  // namespace trp
