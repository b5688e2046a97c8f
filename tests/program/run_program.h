#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace trp {

struct ProgramResult {
  int exit_code = 0;  // 128 + number when a signal ended it
  std::string out;
  std::string err;
};

/// How to start the program. Its environment holds nothing but `environment`, in which
/// TENSOR_RELU_DATA is the bundled sample unless it is given.
struct ProgramStart {
  std::vector<std::string> arguments;
  std::vector<std::string> environment = {};
  std::string input = {};       // a file for standard input; empty: nothing to read
  std::string output = {};      // a file for standard output instead of ProgramResult::out
  bool close_output = false;    // as with >&-
  bool ignore_sigpipe = false;  // as some parents do
};

/// The program of this project, running. Ends it after a minute at the latest.
class Program {
 public:
  explicit Program(const ProgramStart& start);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads until standard output or error contains the text; false if the program ends before.
  bool wait_for(std::string_view text);

  void send(int signal) const;

  bool has_ended() const;

  /// As `head` does after its last line.
  void close_output();

  ProgramResult wait();

 private:
  bool read_some();

  pid_t pid_ = -1;
  std::array<int, 2> pipes_ = {-1, -1};  // from standard output and error; −1 when at their end
  std::array<std::string, 2> texts_;
};

ProgramResult run_program(const ProgramStart& start);
ProgramResult run_program(const std::vector<std::string>& arguments);

/// The lines without their line feeds. The last one need not have one.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace trp
