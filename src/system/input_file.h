#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "system/posix.h"

namespace trp {

/// How many bytes at the start of a file tell of what format it is.
inline constexpr std::size_t kStartBytes = 128;

/// Returns the path, but "standard input" for "-".
std::string input_name(const std::string& path);

/// A file opened for reading, or standard input when the path is "-". Regular files, FIFOs and
/// devices will do; a folder will not. Every failure is an Error that names the file.
class InputFile {
 public:
  explicit InputFile(const std::string& path);

  /// Reads `count` bytes; returns fewer only at the end of the file.
  std::size_t read(std::uint8_t* into, std::size_t count);

  /// Returns the next `count` bytes at least, fewer only at the end of the file. They stay to be
  /// read, and the span is valid until then.
  std::span<const std::uint8_t> peek(std::size_t count);

  /// Reads all that is left of a file that is a `kind`, for messages. Takes no more memory than a
  /// regular file has bytes; throws Error if anything else has more than 2 GiB.
  std::vector<std::uint8_t> read_all(std::string_view kind);

  /// Returns the last four bytes of a file whose size() is at least 4.
  std::array<std::uint8_t, 4> last_bytes() const;

  /// Is input_name() of the path.
  const std::string& name() const { return name_; }
  /// Nothing when only reading can tell, as for a pipe.
  std::optional<std::uint64_t> size() const { return size_; }
  /// Bytes read so far.
  std::uint64_t offset() const { return offset_; }

 private:
  std::size_t read_from_system(std::uint8_t* into, std::size_t count);

  std::string name_;
  Descriptor file_;  // none is standard input
  int descriptor_ = STDIN_FILENO;
  std::optional<std::uint64_t> size_;
  std::uint64_t start_ = 0;  // standard input may have been read by somebody else before
  std::uint64_t offset_ = 0;
  std::vector<std::uint8_t> peeked_;  // not read yet
};

}  // namespace trp
