#include "system/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/fail.h"
#include "system/posix.h"

namespace trp {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
constexpr int kPollMilliseconds = 50;  // after which a stop is looked for at the latest

/// A process and the end of its standard output. Kills what is left of it at the end.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command) {
    std::array<int, 2> ends{};
    int error = pipe2(ends.data(), O_CLOEXEC) == 0 ? 0 : errno;
    const Descriptor theirs(error == 0 ? ends[1] : -1);
    if (error == 0) {
      output_ = Descriptor(ends[0]);
      error = spawn(command, theirs.get());
    }
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
    pollfd ready = {output_.get(), POLLIN, 0};
    if (poll(&ready, 1, kPollMilliseconds) > 0) read_some(result.out);
    int status = 0;
    if (output_.get() >= 0 || waitpid(id_, &status, WNOHANG) != id_) return false;
    id_ = -1;
    result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
  }

 private:
  /// Starts it in a process group of its own. Returns 0 or the error.
  int spawn(const std::vector<std::string>& command, int out) {
    std::vector<char*> arguments;
    for (const std::string& text : command) arguments.push_back(const_cast<char*>(text.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    pid_t id = -1;
    const int error =
        posix_spawnp(&id, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error == 0) id_ = id;
    return error;
  }

  void read_some(std::string& text) {
    std::array<char, 1 << 16> buffer{};
    const ssize_t count =
        uninterrupted([&] { return read(output_.get(), buffer.data(), buffer.size()); });
    if (count <= 0) output_.close();
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  }

  pid_t id_ = -1;
  Descriptor output_;
};

}  // namespace

std::optional<ChildResult> run_child(const std::vector<std::string>& command,
                                     const std::atomic<bool>& stop) {
  ChildResult result;
  Child child(command);
  while (!child.follow(result)) {
    if (stop.load(std::memory_order_relaxed)) return std::nullopt;
    if (result.out.size() > kMaxBytes)
      fail("{}: expected at most {} MiB of output, found more", command[0], kMaxBytes >> 20);
  }
  return result;
}

}  // namespace trp
