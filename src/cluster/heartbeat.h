#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include <mpi.h>

namespace trp {

/// A thread that tells the other ranks twice a second that this one is alive, and listens to them:
/// whether they compute or wait, a rank that is stopped or cut off falls silent.
class Heartbeat {
 public:
  /// Calls silent(rank) on the thread, once, if nothing is heard of a rank for so many seconds.
  /// Nobody else exchanges messages by the communicator.
  Heartbeat(MPI_Comm comm, double silent_seconds, std::function<void(int)> silent);
  /// Ends the thread; others must have no need of this rank any more.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  /// What is under way between this rank and another.
  struct Peer {
    int rank = 0;
    char sent = 0, heard = 0;
    MPI_Request sending = MPI_REQUEST_NULL, hearing = MPI_REQUEST_NULL;
    Clock::time_point last_heard = {};
  };

  void listen(Peer& peer);
  void beat();
  void run();

  MPI_Comm comm_;
  const Clock::duration silence_;
  const std::function<void(int)> silent_;
  std::vector<Peer> peers_;  // the thread's
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace trp
