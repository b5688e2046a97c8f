#include "program/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace trp {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> full_environment(std::vector<std::string> environment) {
  const bool has_data = std::ranges::any_of(environment, [](const std::string& variable) {
    return variable.starts_with("TENSOR_RELU_DATA=");
  });
  if (!has_data) environment.push_back("TENSOR_RELU_DATA=" TRP_SAMPLE_DIR);
  return environment;
}

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  return ends;
}

/// Signals as a terminal gives them, whatever the test itself was started under.
void set_signals(posix_spawnattr_t& attributes, bool ignore_sigpipe) {
  sigset_t defaults, none;
  sigemptyset(&defaults);
  sigemptyset(&none);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&defaults, signal);
  if (!ignore_sigpipe) sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

}  // namespace

Program::Program(const ProgramStart& start) {
  const auto out = make_pipe();
  const auto err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string input = start.input.empty() ? "/dev/null" : start.input;
  posix_spawn_file_actions_addopen(&actions, 0, input.c_str(), O_RDONLY, 0);
  if (start.close_output) {
    posix_spawn_file_actions_addclose(&actions, 1);
  } else if (!start.output.empty()) {
    posix_spawn_file_actions_addopen(&actions, 1, start.output.c_str(), O_WRONLY, 0);
  } else {
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  }
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  set_signals(attributes, start.ignore_sigpipe);
  std::vector<std::string> arguments = start.arguments;
  arguments.insert(arguments.begin(), TRP_PROGRAM);
  std::vector<std::string> environment = full_environment(start.environment);
  if (start.ignore_sigpipe) ::signal(SIGPIPE, SIG_IGN);
  const int error = posix_spawn(&pid_, TRP_PROGRAM, &actions, &attributes,
                                pointers_to(arguments).data(), pointers_to(environment).data());
  if (start.ignore_sigpipe) ::signal(SIGPIPE, SIG_DFL);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  pipes_ = {out[0], err[0]};
  if (error != 0) throw std::runtime_error("cannot start " TRP_PROGRAM);
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int pipe : pipes_) {
    if (pipe >= 0) close(pipe);
  }
}

/// False at the end of both pipes.
bool Program::read_some() {
  constexpr int kLongestSilence = 60'000;  // ms
  std::array<pollfd, 2> polled{{{pipes_[0], POLLIN, 0}, {pipes_[1], POLLIN, 0}}};
  if (pipes_[0] < 0 && pipes_[1] < 0) return false;
  if (poll(polled.data(), polled.size(), kLongestSilence) <= 0) {
    kill(pid_, SIGKILL);
    return false;
  }
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    std::array<char, 65536> buffer;
    const ssize_t count = read(pipes_[i], buffer.data(), buffer.size());
    if (count > 0) {
      texts_[i].append(buffer.data(), static_cast<std::size_t>(count));
    } else {
      close(std::exchange(pipes_[i], -1));
    }
  }
  return true;
}

bool Program::wait_for(std::string_view text) {
  do {
    for (const std::string& received : texts_) {
      if (received.find(text) != std::string::npos) return true;
    }
  } while (read_some());
  return false;
}

void Program::send(int signal) const { kill(pid_, signal); }

bool Program::has_ended() const {
  siginfo_t info = {};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == pid_;
}

void Program::close_output() { close(std::exchange(pipes_[0], -1)); }

ProgramResult Program::wait() {
  while (read_some()) {
  }
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return {code, texts_[0], texts_[1]};
}

ProgramResult run_program(const ProgramStart& start) { return Program(start).wait(); }

ProgramResult run_program(const std::vector<std::string>& arguments) {
  return run_program(ProgramStart{.arguments = arguments});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace trp
