#pragma once

#include <optional>

#include "cli/output.h"
#include "cli/train.h"
#include "system/outputs.h"
#include "train/checkpoint.h"
#include "trp/dataset.h"

namespace trp {

class Cluster;

// What a training does as one of several ranks. Each does nothing if there are no others.

/// Returns what this rank does of it: rank 0 alone writes files and compares. Throws UsageError for
/// options that say how workers share out what ranks share out themselves.
TrainOptions options_of_rank(TrainOptions options);

/// Returns how many CPUs this rank has: its part of those that it may use, which the ranks of its
/// machine that may use the same share, and at most srun's --cpus-per-task. May say so if whoever
/// has started the ranks has tied each to one of several CPUs. All ranks call it.
int cpus_of_rank(Cluster& cluster, int cpus, bool may_hint);

/// Returns what all ranks say together.
double sum_over_ranks(Cluster& cluster, double own);

/// Load the model of --init and the checkpoint of --resume, on rank 0 alone, which gives them to the
/// others.
std::optional<TrainState> load_init_on_ranks(TrainOptions& options);
std::optional<Checkpoint> load_resumed_on_ranks(TrainOptions& options, const Outputs& outputs,
                                                Output& output);

/// Finds the data, but not with --read-once on ranks that need none.
DataFiles find_on_ranks(const Cluster& cluster, bool read_once, const DataOptions& data);

/// Loads the data, with --read-once on rank 0 alone, which gives it to the others.
DataSets load_on_ranks(Cluster& cluster, bool read_once, const DataFiles& files,
                       const Recipe& recipe);

/// Returns those options, as a text, that all ranks must have in common beside the recipe, since
/// they come together for them: of what is asked for, and of the complete plan.
std::string common_options(const TrainOptions& asked, const Plan& plan);

/// Throws Error, on all ranks, if one has another program, recipe, data, arithmetic or other
/// common options.
void check_ranks_agree(Cluster& cluster, const Recipe& recipe, const DataSets& data,
                       const std::string& other_options);

}  // namespace trp
