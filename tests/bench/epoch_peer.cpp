#include "bench/epoch_peer.h"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

namespace trp {

EpochPeer::EpochPeer(const std::vector<std::string>& environment,
                     const std::vector<std::string>& command)
    : name_(command.front()) {
  std::vector<std::string> arguments = {"env"};
  arguments.insert(arguments.end(), environment.begin(), environment.end());
  arguments.insert(arguments.end(), command.begin(), command.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  socket_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const int error = posix_spawnp(&pid_, "env", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(socket_);
    throw std::system_error(error, std::generic_category(), name_);
  }
  try {
    description_ = read_line();
  } catch (...) {
    stop();
    throw;
  }
}

EpochPeer::~EpochPeer() { stop(); }

void EpochPeer::stop() {
  close(socket_);  // the end of its input
  waitpid(pid_, nullptr, 0);
}

EpochPeer::Epoch EpochPeer::run(Index batch_size, float learning_rate) {
  const std::string line = fmt::format("{} {}\n", batch_size, learning_rate);
  if (send(socket_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    throw std::system_error(errno, std::generic_category(), name_);
  const std::string answer = read_line();
  Epoch epoch;
  if (std::sscanf(answer.c_str(), "%lf %lf", &epoch.seconds, &epoch.loss) != 2)
    throw std::runtime_error(
        fmt::format("{}: expected seconds and loss, found '{}'", name_, answer));
  return epoch;
}

std::string EpochPeer::read_line() {
  std::string line;
  for (char c = 0; recv(socket_, &c, 1, 0) == 1; line += c)
    if (c == '\n') return line;
  throw std::runtime_error(fmt::format("{} ended too soon", name_));
}

}  // namespace trp
