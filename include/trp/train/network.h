#pragma once

#include "trp/data/dataset.h"
#include "trp/nn/mlp.h"
#include "trp/train/trainer.h"

namespace trp {

/// The network that training starts from.
Mlp make_network(const TrainOptions& options, const Dataset& train);

}  // namespace trp
