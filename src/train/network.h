#pragma once

#include <vector>

#include "trp/dataset.h"
#include "trp/mlp.h"
#include "trp/recipe.h"

namespace trp {

/// Returns the sizes of the network's layers, from the input to the output.
inline std::vector<Index> network_sizes(const Recipe& recipe, const Dataset& train) {
  std::vector<Index> sizes = {train.feature_count};
  sizes.insert(sizes.end(), recipe.hidden.begin(), recipe.hidden.end());
  sizes.push_back(recipe.class_count);
  return sizes;
}

/// Makes the network that training starts from.
inline Mlp make_network(const Recipe& recipe, const Dataset& train) {
  return make_mlp(network_sizes(recipe, train), recipe.seed);
}

}  // namespace trp
