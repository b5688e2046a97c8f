#pragma once

#include <optional>

#include "cli/output.h"
#include "cli/train.h"
#include "profile/recorder.h"
#include "system/outputs.h"
#include "train/checkpoint.h"
#include "trp/dataset.h"

namespace trp {

class Cluster;

// What a training does as one of several ranks. Each does nothing if there are no others.

/// Throws UsageError for options that say how workers share out what ranks share out themselves.
void check_for_ranks(const TrainOptions& options);

/// Takes away what rank 0 alone shall do: write files, and compare.
void leave_to_first_rank(TrainOptions& options);

/// Returns how many workers this rank has unless told: its part of the CPUs, which are shared by
/// those ranks of its machine that may use the same, and at most srun's --cpus-per-task. Says so if
/// whoever has started the ranks has tied each to one of several CPUs.
int default_workers(const TrainOptions& options, int cpus, Output& output);

/// Returns what all ranks say together.
double sum_over_ranks(Cluster& cluster, double own);

/// Adds, on rank 0, what the workers of the others have done.
void add_workers_of_ranks(Cluster& cluster, PhaseRecorder& recorder);

/// Loads the checkpoint of --resume, on rank 0 alone, which gives it to the others.
std::optional<Checkpoint> load_resumed_on_ranks(TrainOptions& options, const Outputs& outputs,
                                                Output& output);

/// Loads the data, with --read-once on rank 0 alone, which gives it to the others.
DataSets load_on_ranks(const TrainOptions& options, const DataFiles& files);

/// Throws Error, on all ranks, if one has another program, recipe, data or arithmetic.
void check_ranks_agree(const TrainOptions& options, const DataSets& data);

}  // namespace trp
