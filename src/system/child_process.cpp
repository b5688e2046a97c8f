#include "system/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "core/fail.h"
#include "system/posix.h"

namespace trp {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
constexpr int kPollMilliseconds = 50;  // after which a stop is looked for at the latest

/// A process and the ends of its two streams. Kills what is left of it at the end.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command) {
    std::array<Descriptor, 2> theirs;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      std::array<int, 2> ends{};
      if (pipe2(ends.data(), O_CLOEXEC) != 0)
        fail("{}: cannot be started: {}", command[0], system_message(errno));
      streams_[i] = Descriptor(ends[0]);
      theirs[i] = Descriptor(ends[1]);
    }
    const int error = spawn(command, theirs[0].get(), theirs[1].get());
    if (error != 0) fail("{}: cannot be started: {}", command[0], system_message(error));
  }

  ~Child() {
    if (id_ < 0) return;
    kill(-id_, SIGKILL);
    uninterrupted([this] { return waitpid(id_, nullptr, 0); });
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Waits a moment at most for something to happen. Returns whether the child has ended and all
  /// that it wrote is in the result.
  bool follow(ChildResult& result) {
    std::array<pollfd, 2> ready = {
        {{streams_[0].get(), POLLIN, 0}, {streams_[1].get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), kPollMilliseconds) > 0) {
      if (ready[0].revents != 0) read_some(streams_[0], result.out);
      if (ready[1].revents != 0) read_some(streams_[1], result.err);
    }
    if (streams_[0].get() >= 0 || streams_[1].get() >= 0) return false;
    int status = 0;
    if (uninterrupted([&] { return waitpid(id_, &status, WNOHANG); }) != id_) return false;
    id_ = -1;
    result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
  }

 private:
  /// Starts it in a process group of its own. Returns 0 or the error.
  int spawn(const std::vector<std::string>& command, int out, int err) {
    std::vector<char*> arguments;
    for (const std::string& text : command) arguments.push_back(const_cast<char*>(text.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const int error =
        posix_spawnp(&id_, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) id_ = -1;
    return error;
  }

  static void read_some(Descriptor& stream, std::string& text) {
    std::array<char, 1 << 16> buffer{};
    const ssize_t count =
        uninterrupted([&] { return read(stream.get(), buffer.data(), buffer.size()); });
    if (count <= 0) {
      stream.close();
    } else {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  pid_t id_ = -1;
  std::array<Descriptor, 2> streams_;
};

}  // namespace

std::optional<ChildResult> run_child(const std::vector<std::string>& command,
                                     const std::atomic<bool>& stop) {
  ChildResult result;
  Child child(command);
  while (!child.follow(result)) {
    if (stop.load(std::memory_order_relaxed)) return std::nullopt;
    if (result.out.size() + result.err.size() > kMaxBytes)
      fail("{}: expected at most {} MiB of output, found more", command[0], kMaxBytes >> 20);
  }
  return result;
}

}  // namespace trp
