#pragma once

#include <exception>

#include "cli/output.h"
#include "trp/train/checkpoint.h"

namespace trp {

/// Throws Error unless the training that the checkpoint is of is this one; says where it goes on.
void check_resumed(const TrainCommandOptions& options, const Checkpoint& resumed,
                   const TrainIdentity& identity, Output& output);

/// Saves the states of a training in the file of --checkpoint.
class CheckpointKeeper {
 public:
  CheckpointKeeper(const TrainCommandOptions& options, TrainIdentity identity, Output& output);

  /// If the file cannot be written, training goes on, and the next save may succeed.
  void save(const TrainState& state);

  /// Says how an interrupted training can be resumed. Throws what the last save() has met.
  void finish(TrainStatus status) const;

 private:
  const std::string& path_;
  Output& output_;
  Checkpoint checkpoint_;
  bool saved_ = false;
  std::exception_ptr failure_;  // of the last save()
};

}  // namespace trp
