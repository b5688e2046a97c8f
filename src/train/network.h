#pragma once

#include <vector>

#include "data/dataset.h"
#include "nn/mlp.h"
#include "train/trainer.h"

namespace trp {

/// Of the network's layers, from the input to the output.
std::vector<Index> network_sizes(const TrainOptions& options, const Dataset& train);

/// The network that training starts from.
Mlp make_network(const TrainOptions& options, const Dataset& train);

}  // namespace trp
