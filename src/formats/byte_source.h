#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/input_file.h"

struct z_stream_s;

namespace trp {

/// Deflate makes data at most so many times smaller: two bits can stand for 258 bytes, and no more.
inline constexpr std::uint64_t kDeflateRatio = 1032;

/// Reads the bytes of a file, which may be compressed with gzip: its content tells, not its name.
/// Gzip is one member, whose checksum and length are verified, with nothing after it. Every failure
/// throws an Error that names the file.
class ByteSource {
 public:
  /// Opens the file; "-" is standard input.
  explicit ByteSource(const std::string& path);

  /// Returns how many uncompressed bytes it read: fewer than `count` only at the (verified) end of
  /// the data.
  std::size_t read(std::uint8_t* into, std::size_t count);

  /// Throws unless nothing is left, and for gzip that the checksum agrees.
  void expect_end();

  /// What is known of the size before the data are read.
  struct SizeBound {
    std::uint64_t file_bytes = 0;  // of the file itself, compressed or not
    std::uint64_t max_bytes = 0;   // uncompressed; plain files have exactly this many
    /// The uncompressed size modulo 2^32 if the file is whole, as its last four bytes say.
    std::optional<std::uint32_t> gzip_trailer;
  };
  /// Returns nothing for a pipe or a device.
  std::optional<SizeBound> size_bound() const;

  const std::string& name() const { return file_.name(); }
  bool is_gzip() const { return inflater_ != nullptr; }
  /// Returns "byte 8", or "uncompressed byte 8" in a gzip file.
  std::string byte_name(std::uint64_t offset) const;

 private:
  struct InflateEnd {
    void operator()(z_stream_s* stream) const;
  };

  void refill();
  std::size_t inflate_some(std::uint8_t* into, std::size_t count);
  [[noreturn]] void throw_damaged(std::string_view reason) const;

  InputFile file_;
  std::unique_ptr<z_stream_s, InflateEnd> inflater_;
  std::vector<std::uint8_t> compressed_;
  bool member_ended_ = false;
  std::uint64_t offset_ = 0;  // of uncompressed bytes
};

}  // namespace trp
