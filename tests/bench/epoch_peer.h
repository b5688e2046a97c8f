#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "trp/tensor.h"

namespace trp {

/// Another program that trains the same network, in a process of its own, where its libraries and
/// threads are not in anybody's way.
///
/// It reads what it needs from files that its arguments name. When it is
/// ready it writes a line that says what it is; then it reads lines "BATCH_SIZE LEARNING_RATE",
/// trains one epoch from the initial weights for each, and writes "SECONDS MEAN_LOSS".
class EpochPeer {
 public:
  /// `environment` are NAME=VALUE pairs to add to this process's. Throws std::runtime_error, like
  /// run(), if the program cannot be started or ends too soon.
  EpochPeer(const std::vector<std::string>& environment, const std::vector<std::string>& command);
  ~EpochPeer();
  EpochPeer(const EpochPeer&) = delete;
  EpochPeer& operator=(const EpochPeer&) = delete;

  const std::string& description() const { return description_; }

  struct Epoch {
    double seconds;
    double loss;
  };
  Epoch run(Index batch_size, float learning_rate);

 private:
  void stop();
  std::string read_line();

  std::string name_;
  pid_t pid_ = -1;
  int socket_ = -1;
  std::string description_;
};

}  // namespace trp
