#pragma once

#include "profile/recorder.h"

namespace trp {

class Cluster;

/// Adds, on rank 0, what the workers of the other ranks have done. All ranks call it, each with
/// what it has recorded of the same training.
void add_workers_of_ranks(Cluster& cluster, PhaseRecorder& recorder);

}  // namespace trp
