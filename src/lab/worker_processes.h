#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace trp {

/// Memory that this process shares with the processes it forks.
class SharedFloats {
 public:
  /// Throws Error if there is no memory.
  explicit SharedFloats(std::size_t count);
  ~SharedFloats();
  SharedFloats(const SharedFloats&) = delete;
  SharedFloats& operator=(const SharedFloats&) = delete;

  std::span<float> values() const { return {values_, count_}; }

 private:
  float* values_;
  std::size_t count_;
};

/// One end of a stream between two processes.
class Channel {
 public:
  explicit Channel(int descriptor) : descriptor_(descriptor) {}

  /// Throws Error if the other process has gone.
  void send(const void* data, std::size_t bytes) const;
  /// False if the other process has closed its end. Throws Error if it did so in the middle.
  bool receive(void* data, std::size_t bytes) const;

  void close() const;

 private:
  int descriptor_;
};

/// Forked copies of this process, which do what they are told until they are let go.
class WorkerProcesses {
 public:
  /// Process i calls serve(i, channel) and ends when that returns. This process should have no
  /// other threads now, for forking copies only the one that calls. Throws Error if the system
  /// refuses a process.
  WorkerProcesses(int count, const std::function<void(int, const Channel&)>& serve);

  /// Closes the channels and waits for the processes to end.
  ~WorkerProcesses();
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  const Channel& channel(int process) const { return channels_[static_cast<std::size_t>(process)]; }

 private:
  void let_go();

  std::vector<Channel> channels_;
  std::vector<pid_t> processes_;
};

}  // namespace trp
