#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "cli/output.h"
#include "cli/train.h"
#include "system/outputs.h"
#include "train/checkpoint.h"
#include "trp/dataset.h"

namespace trp {

/// Saves the states of a training in the file of --checkpoint.
class CheckpointKeeper {
 public:
  /// Warns if another training's checkpoint will be replaced. The file must outlive the keeper.
  CheckpointKeeper(const TrainOptions& options, TrainIdentity identity,
                   const std::optional<Checkpoint>& resumed, OutputFile& file, Output& output);

  /// If the file cannot be written, that is told once, training goes on, and the next save may
  /// succeed. A state that the file holds already is not saved again: the one before it would be
  /// lost.
  void save(const TrainState& state);

  /// Says how an interrupted training can be resumed. False if the last save() failed.
  bool finish(TrainStatus status) const;

 private:
  const std::string& path_;
  OutputFile& file_;
  Output& output_;
  Checkpoint checkpoint_;
  std::optional<std::pair<std::size_t, std::int64_t>> saved_;  // finished epochs, steps after them
  bool holds_last_ = true;                                     // whether the last save() succeeded
  OldFile old_file_ = OldFile::kKeepAsPrevious;                // at the next save
};

/// Says where a resumed training goes on, and makes the keeper of --checkpoint if that was given.
/// Throws Error unless the training that the checkpoint is of is this one.
std::optional<CheckpointKeeper> keep_checkpoints(const TrainOptions& options, const DataSets& data,
                                                 const std::optional<Checkpoint>& resumed,
                                                 Outputs& outputs, Output& output);

/// Loads the model of --init, whose digest is part of the recipe.
TrainState load_init(TrainOptions& options);

/// Throws Error unless the network of --init is of the layers that shall be trained.
void check_init(const TrainOptions& options, const Mlp& mlp, const Dataset& train);

/// Loads the checkpoint of --resume, and takes from it what no options of the recipe were given
/// for. Nothing if the file is empty, since a run was killed before it had saved anything.
std::optional<Checkpoint> load_resumed(TrainOptions& options, const Outputs& outputs,
                                       Output& output);

}  // namespace trp
