#include "train/network.h"

#include "data/density.h"

namespace trp {

std::vector<Index> network_sizes(const TrainOptions& options, const Dataset& train) {
  std::vector<Index> sizes = {train.feature_count};
  sizes.insert(sizes.end(), options.hidden.begin(), options.hidden.end());
  sizes.push_back(options.class_count);
  return sizes;
}

Mlp make_network(const TrainOptions& options, const Dataset& train) {
  Mlp mlp = make_mlp(network_sizes(options, train), options.seed);
  mlp.zero_inputs = choose_zero_inputs(train, options.augment);
  return mlp;
}

}  // namespace trp
