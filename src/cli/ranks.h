#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/output.h"
#include "cli/train.h"
#include "system/outputs.h"
#include "train/checkpoint.h"
#include "trp/dataset.h"

namespace trp {

class Cluster;

// What a training does as one of several ranks. Each does nothing if there are no others.

/// Returns what this rank does of it: rank 0 alone writes files. Throws UsageError for options that
/// say how workers share out what ranks share out themselves; Error, on all ranks, if options of
/// another would let it come together with others for something else.
TrainOptions options_of_rank(TrainOptions options);

/// Returns the signal that has stopped the ranks: this one's own, if there was one.
int signal_of_stop(const Cluster& cluster, int own);

/// Returns how many CPUs this rank has: its part of those that it may use, which the ranks of its
/// machine that may use the same share, and at most srun's --cpus-per-task. May say so if whoever
/// has started the ranks has tied each to one of several CPUs. All ranks call it.
int cpus_of_rank(Cluster& cluster, int cpus, bool may_hint);

/// Returns what all ranks say together.
double sum_over_ranks(Cluster& cluster, double own);

/// Load the model of --init and the checkpoint of --resume, on rank 0 alone, which gives them to
/// the others.
std::optional<TrainState> load_init_on_ranks(TrainOptions& options);
std::optional<Checkpoint> load_resumed_on_ranks(TrainOptions& options, const Outputs& outputs,
                                                Output& output);

/// Finds the data, but not with --read-once on ranks that need none.
DataFiles find_on_ranks(const Cluster& cluster, bool read_once, const DataOptions& data);

/// Loads the data, with --read-once on rank 0 alone, which gives it to the others.
DataSets load_on_ranks(Cluster& cluster, bool read_once, const DataFiles& files,
                       const Recipe& recipe);

/// Something that ranks must have in common: its name, and what it is here.
using RankFact = std::pair<std::string_view, std::string>;

/// Throws Error, on all ranks, if one of these differs.
void check_same(Cluster& cluster, std::initializer_list<RankFact> facts);

/// Throws Error, on all ranks, if one has another program, recipe, data or arithmetic.
void check_ranks_agree(Cluster& cluster, const Recipe& recipe, const DataSets& data);

}  // namespace trp
