#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace trp {

class OutputFile;

/// The reader of our output has gone, as in `| head -1`: nobody is left to tell.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed() : std::runtime_error("the reader of the output has gone") {}
};

/// Writes whole lines to a file descriptor, each with one write(2), so that nothing is held back
/// and nothing is lost unnoticed.
class LineWriter {
 public:
  /// What to do when a line cannot be written. Standard error is the only place to ignore it.
  enum class OnError { kThrow, kIgnore };

  /// A descriptor that stays open.
  LineWriter(int descriptor, std::string name, OnError on_error = OnError::kThrow);

  /// The file, which must outlive the writer and which the first line empties.
  explicit LineWriter(OutputFile& file);

  /// Writes the text and a line feed. Throws OutputClosed when the reader of a standard stream has
  /// gone (SIGPIPE must be ignored) and Error for anything else.
  void write_line(std::string_view text);

  /// Closes the file, if it writes to one; throws Error when its content could not be kept.
  void close();

  /// Called before each line: lets a progress bar make room.
  std::function<void()> before_line = {};

 private:
  [[noreturn]] void throw_failure() const;

  int descriptor_;
  std::string name_;
  OutputFile* file_ = nullptr;  // none is a standard stream
  bool to_be_emptied_ = false;
  OnError on_error_ = OnError::kThrow;
};

/// Returns a writer to where results go.
LineWriter standard_output();

/// Returns a writer to where talk goes, which ignores what cannot be written.
LineWriter standard_error();

}  // namespace trp
