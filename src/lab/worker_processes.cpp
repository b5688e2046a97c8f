#include "lab/worker_processes.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/fail.h"

namespace trp {

void send(int socket, const void* data, std::size_t bytes) {
  // A process that has gone is an error, not a signal.
  if (::send(socket, data, bytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bytes))
    fail("lab: cannot send to another process: {}", std::strerror(errno));
}

bool receive(int socket, void* data, std::size_t bytes) {
  const ssize_t received = ::recv(socket, data, bytes, MSG_WAITALL);
  if (received != 0 && received != static_cast<ssize_t>(bytes))
    fail("lab: another process has ended early: {}",
         received > 0 ? "end of stream" : std::strerror(errno));
  return received != 0;
}

WorkerProcesses::WorkerProcesses(int count, std::size_t shared_floats, const Serve& serve) {
  const std::size_t bytes = shared_floats * sizeof(float);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    fail("lab: cannot share {} bytes between processes: {}", bytes, std::strerror(errno));
  shared_ = {static_cast<float*>(memory), shared_floats};
  for (int i = 0; i < count; ++i) start_process(i, count, serve);
}

void WorkerProcesses::start_process(int i, int count, const Serve& serve) {
  std::array<int, 2> ends{};
  const bool connected = socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0;
  if (connected) sockets_.push_back(ends[0]);
  const pid_t process = connected ? fork() : -1;
  const int reason = errno;
  if (process == 0) {
    // The other processes' sockets end with this program, not with a brother.
    for (const int socket : sockets_) close(socket);
    int status = 0;
    try {
      serve(i, ends[1], shared_);
    } catch (...) {
      status = 1;
    }
    _exit(status);  // nothing of the parent's is to be flushed or cleaned up twice
  }
  if (connected) close(ends[1]);
  if (process < 0) {
    let_go();
    fail("lab: the system allows only {} of {} processes: {}", i, count, std::strerror(reason));
  }
  processes_.push_back(process);
}

WorkerProcesses::~WorkerProcesses() { let_go(); }

void WorkerProcesses::let_go() {
  for (const int socket : sockets_) close(socket);
  for (const pid_t process : processes_) {
    while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  munmap(shared_.data(), shared_.size_bytes());
}

}  // namespace trp
