#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "catch.h"
#include "program/run_program.h"

namespace trp {
namespace {

/// What the program writes to a terminal of this width, standard output and error together.
std::string run_on_terminal(std::vector<std::string> arguments,
                            std::vector<std::string> environment, unsigned short columns) {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = columns;
  arguments.insert(arguments.begin(), TRP_PROGRAM);
  environment.emplace_back("TENSOR_RELU_DATA=" TRP_SAMPLE_DIR);
  std::vector<char*> argv, envp;
  for (auto& argument : arguments) argv.push_back(argument.data());
  for (auto& variable : environment) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, &size);
  if (pid == 0) {
    execve(TRP_PROGRAM, argv.data(), envp.data());
    _exit(127);
  }
  std::string text;
  std::array<char, 4096> buffer;
  // At its end a terminal gives an error instead of nothing.
  for (ssize_t count; (count = read(terminal, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close(terminal);
  waitpid(pid, nullptr, 0);
  return text;
}

/// The screen lines that a terminal shows in the end: what follows "\r" overwrites, "\x1b[K"
/// erases.
std::vector<std::string> screen_of(const std::string& text) {
  std::vector<std::string> screen;
  for (std::string line : lines_of(text)) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t erased = line.rfind("\r\x1b[K");
    screen.push_back(erased == std::string::npos ? line : line.substr(erased + 4));
  }
  return screen;
}

/// Columns taken up by a text without escapes: its UTF-8 characters.
std::size_t columns_of(const std::string& text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

/// Each drawing of the bar, without colours.
std::vector<std::string> drawings_in(const std::string& text) {
  std::vector<std::string> drawings;
  for (std::size_t at = 0; (at = text.find("\repoch ", at)) != std::string::npos; ++at) {
    drawings.push_back(text.substr(at + 1, text.find("\x1b[K", at) - at - 1));
  }
  return drawings;
}

const std::vector<std::string> kTraining = {"--epochs", "3"};

TEST_CASE("on a terminal the progress bar shows and leaves nothing behind") {
  const std::string text = run_on_terminal(kTraining, {"TERM=xterm", "NO_COLOR=1"}, 100);
  const auto drawings = drawings_in(text);
  CAPTURE(text);
  REQUIRE(!drawings.empty());
  CHECK(drawings.front().starts_with("epoch 1/3 "));
  CHECK(drawings.back().find("samples/s  loss ") != std::string::npos);
  CHECK(drawings.back().find("  ETA ") != std::string::npos);
  bool table_begun = false;
  for (const std::string& line : screen_of(text)) {
    table_begun |= line.starts_with("epoch  train loss");
    CHECK(!line.starts_with("epoch 1/3"));
    CHECK(line.find('\r') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
  }
  CHECK(table_begun);
  CHECK(screen_of(text).back() == "status         completed 3 epochs");
}

TEST_CASE("the bar fits any width") {
  for (const unsigned short columns : {10, 20, 40, 60, 80, 200}) {
    for (const std::string& drawing :
         drawings_in(run_on_terminal(kTraining, {"TERM=xterm", "NO_COLOR=1"}, columns))) {
      CAPTURE(columns, drawing);
      CHECK(columns_of(drawing) < columns);
    }
  }
}

TEST_CASE("the bar can be switched off") {
  for (const std::string option : {"--no-progress", "-q"}) {
    auto arguments = kTraining;
    arguments.push_back(option);
    CHECK(drawings_in(run_on_terminal(arguments, {"TERM=xterm"}, 80)).empty());
  }
  CHECK(drawings_in(run_on_terminal(kTraining, {"TERM=dumb"}, 80)).empty());
}

TEST_CASE("a terminal gets colours unless NO_COLOR is set") {
  const std::string bold = "\x1b[1m";
  const auto coloured = [&](std::vector<std::string> environment) {
    return run_on_terminal(kTraining, std::move(environment), 80).find(bold) != std::string::npos;
  };
  CHECK(coloured({"TERM=xterm"}));
  CHECK(coloured({"TERM=xterm", "NO_COLOR="}));
  CHECK(!coloured({"TERM=xterm", "NO_COLOR=1"}));
  CHECK(!coloured({"TERM=dumb"}));
}

}  // namespace
}  // namespace trp
