#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace trp {

/// Sends to another process. Throws Error if it has gone.
void send(int socket, const void* data, std::size_t bytes);

/// Receives from another process. Returns false if it has closed its end; throws Error if it did so
/// in the middle.
bool receive(int socket, void* data, std::size_t bytes);

/// Forked copies of this process, which do what they are told until they are let go, and memory
/// that they share with it.
class WorkerProcesses {
 public:
  using Serve = std::function<void(int process, int socket, std::span<float> shared)>;

  /// Calls serve(process, socket) in each process, which ends when that returns. This process
  /// should have no other threads now, for forking copies only the one that calls. Throws Error if
  /// the system refuses memory or a process.
  WorkerProcesses(int count, std::size_t shared_floats, const Serve& serve);

  /// Closes the sockets and waits for the processes to end.
  ~WorkerProcesses();
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  std::span<float> shared() const { return shared_; }
  int socket(int process) const { return sockets_[static_cast<std::size_t>(process)]; }

 private:
  void start_process(int i, int count, const Serve& serve);
  void let_go();

  std::span<float> shared_;
  std::vector<int> sockets_;
  std::vector<pid_t> processes_;
};

}  // namespace trp
