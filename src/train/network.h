#pragma once

#include <vector>

#include "data/dataset.h"
#include "nn/mlp.h"
#include "trp/recipe.h"

namespace trp {

/// Returns the sizes of the network's layers, from the input to the output.
std::vector<Index> network_sizes(const Recipe& recipe, const Dataset& train);

/// Makes the network that training starts from.
Mlp make_network(const Recipe& recipe, const Dataset& train);

}  // namespace trp
