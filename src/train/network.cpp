#include "train/network.h"

namespace trp {

std::vector<Index> network_sizes(const Recipe& recipe, const Dataset& train) {
  std::vector<Index> sizes = {train.feature_count};
  sizes.insert(sizes.end(), recipe.hidden.begin(), recipe.hidden.end());
  sizes.push_back(recipe.class_count);
  return sizes;
}

Mlp make_network(const Recipe& recipe, const Dataset& train) {
  return make_mlp(network_sizes(recipe, train), recipe.seed);
}

}  // namespace trp
