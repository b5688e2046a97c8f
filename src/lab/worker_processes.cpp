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

SharedFloats::SharedFloats(std::size_t count) : count_(count) {
  void* memory = mmap(nullptr, count * sizeof(float), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    fail("lab: cannot share {} bytes between processes: {}", count * sizeof(float),
         std::strerror(errno));
  values_ = static_cast<float*>(memory);
}

SharedFloats::~SharedFloats() { munmap(values_, count_ * sizeof(float)); }

void Channel::send(const void* data, std::size_t bytes) const {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    // A process that has gone is an error, not a signal.
    const ssize_t sent = ::send(descriptor_, next, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail("lab: cannot send to another process: {}", std::strerror(errno));
    next += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
}

bool Channel::receive(void* data, std::size_t bytes) const {
  ssize_t received = 0;
  do {
    received = ::recv(descriptor_, data, bytes, MSG_WAITALL);
  } while (received < 0 && errno == EINTR);
  if (received == 0) return false;
  if (received != static_cast<ssize_t>(bytes))
    fail("lab: another process has ended early: {}",
         received > 0 ? "end of stream" : std::strerror(errno));
  return true;
}

void Channel::close() const { ::close(descriptor_); }

WorkerProcesses::WorkerProcesses(int count, const std::function<void(int, const Channel&)>& serve) {
  for (int i = 0; i < count; ++i) {
    std::array<int, 2> ends{};
    const bool connected = socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0;
    const pid_t process = connected ? fork() : -1;
    if (process < 0) {
      const int reason = errno;
      if (connected)
        for (const int end : ends) ::close(end);
      let_go();
      fail("lab: the system allows only {} of {} processes: {}", i, count, std::strerror(reason));
    }
    if (process == 0) {
      // The other processes' channels end with this program, not with a brother.
      for (const Channel& channel : channels_) channel.close();
      ::close(ends[0]);
      int status = 0;
      try {
        serve(i, Channel(ends[1]));
      } catch (...) {
        status = 1;
      }
      _exit(status);  // nothing of the parent's is to be flushed or cleaned up twice
    }
    ::close(ends[1]);
    channels_.emplace_back(ends[0]);
    processes_.push_back(process);
  }
}

WorkerProcesses::~WorkerProcesses() { let_go(); }

void WorkerProcesses::let_go() {
  for (const Channel& channel : channels_) channel.close();
  for (const pid_t process : processes_) {
    while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace trp
