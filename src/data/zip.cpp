#include "zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "array_checks.h"
#include "little_endian.h"
#include "trp/core/error.h"

namespace trp {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t kLocalSignature = 0x04034b50, kDirectorySignature = 0x02014b50,
                        kEndSignature = 0x06054b50;
constexpr std::size_t kLocalBytes = 30, kDirectoryBytes = 46, kEndBytes = 22;
constexpr std::size_t kLongestComment = 65'535;
constexpr std::uint16_t kVersion = 20;           // of the format, 2.0
constexpr std::uint16_t kDate = 1 << 5 | 1;      // the first day there is
constexpr std::uint16_t kFlagsAllowed = 0x0806;  // deflate's level, names in UTF-8
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint32_t kInZip64 = 0xffffffff;
constexpr std::uint64_t kDeflateRatio = 1032;

std::uint32_t checksum(Bytes bytes) {
  uLong sum = crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const auto count = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
    sum = crc32(sum, bytes.data(), static_cast<uInt>(count));
    bytes = bytes.subspan(count);
  }
  return static_cast<std::uint32_t>(sum);
}

/// What the archive says of an entry, in the directory.
struct Listed {
  std::string name;
  std::uint16_t method = kStored;
  std::uint32_t checksum = 0;
  std::uint32_t packed_bytes = 0;
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t offset = 0;
};

/// What a local header and a directory entry have in common.
void append_common(std::vector<std::uint8_t>& bytes, const Listed& entry) {
  append_little_endian(bytes, kVersion);
  append_little_endian(bytes, std::uint16_t{0});  // flags
  append_little_endian(bytes, entry.method);
  append_little_endian(bytes, std::uint16_t{0});  // time
  append_little_endian(bytes, kDate);
  append_little_endian(bytes, entry.checksum);
  append_little_endian(bytes, entry.packed_bytes);
  append_little_endian(bytes, entry.unpacked_bytes);
  append_little_endian(bytes, static_cast<std::uint16_t>(entry.name.size()));
  append_little_endian(bytes, std::uint16_t{0});  // extra field
}

void append_directory_entry(std::vector<std::uint8_t>& bytes, const Listed& entry) {
  append_little_endian(bytes, kDirectorySignature);
  append_little_endian(bytes, kVersion);  // made by
  append_common(bytes, entry);
  append_little_endian(bytes, std::uint16_t{0});  // comment
  append_little_endian(bytes, std::uint16_t{0});  // disk
  append_little_endian(bytes, std::uint16_t{0});  // internal attributes
  append_little_endian(bytes, std::uint32_t{0});  // external attributes
  append_little_endian(bytes, entry.offset);
  bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
}

/// The record at the end, which says where the directory is.
struct ArchiveEnd {
  std::size_t offset = 0;
  std::uint16_t entry_count = 0;
  std::uint32_t directory_bytes = 0;
  std::uint32_t directory_offset = 0;
};

class Reader {
 public:
  Reader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  ParsedZip read() {
    const ArchiveEnd end = find_end();
    std::vector<Listed> listed = read_directory(end);
    std::ranges::sort(listed, {}, &Listed::offset);
    ParsedZip zip;
    std::size_t position = 0;
    for (const Listed& entry : listed) {
      if (entry.offset != position) {
        fail(position, fmt::format("the entry {}", quote(entry.name)),
             fmt::format("it at byte {}", entry.offset));
      }
      zip.entries.push_back({entry.name, read_entry(entry, end.directory_offset, position)});
    }
    if (position != end.directory_offset) fail(position, "the directory", "other bytes");
    const Bytes comment = bytes_.subspan(end.offset + kEndBytes);
    zip.comment.assign(comment.begin(), comment.end());
    return zip;
  }

 private:
  template <class Unsigned>
  Unsigned at(std::size_t offset) const {
    return little_endian<Unsigned>(&bytes_[offset]);
  }

  [[noreturn]] void fail(std::uint64_t offset, std::string_view expected,
                         std::string_view found) const {
    throw Error("{}: expected {} at byte {}, found {}; {}", name_, expected, offset, found,
                kDamagedHint);
  }

  /// It is the last thing in the file but for a comment, whose length it says.
  ArchiveEnd find_end() const {
    for (std::size_t comment = 0; comment <= kLongestComment; ++comment) {
      if (bytes_.size() < kEndBytes + comment) break;
      const std::size_t offset = bytes_.size() - kEndBytes - comment;
      if (at<std::uint32_t>(offset) != kEndSignature || at<std::uint16_t>(offset + 20) != comment) {
        continue;
      }
      const auto entry_count = at<std::uint16_t>(offset + 10);
      if (at<std::uint32_t>(offset + 4) != 0 || at<std::uint16_t>(offset + 8) != entry_count) {
        fail(offset + 4, "an archive on one disk", "another disk or count of entries");
      }
      return {offset, entry_count, at<std::uint32_t>(offset + 12), at<std::uint32_t>(offset + 16)};
    }
    throw Error("{}: expected the end of a zip archive in its last bytes, found none; {}", name_,
                "hint: the file is cut short or damaged, fetch or copy it again");
  }

  std::vector<Listed> read_directory(const ArchiveEnd& end) const {
    std::size_t position = end.directory_offset;
    if (std::uint64_t{position} + end.directory_bytes != end.offset) {
      fail(end.offset + 12, fmt::format("a directory that ends at byte {}", end.offset),
           fmt::format("{} bytes at byte {}", end.directory_bytes, position));
    }
    std::vector<Listed> listed;
    for (int i = 0; i < end.entry_count; ++i) {
      listed.push_back(read_directory_entry(position, end.offset));
    }
    if (position != end.offset) fail(position, "the end of the directory", "more of it");
    return listed;
  }

  Listed read_directory_entry(std::size_t& position, std::size_t end) const {
    if (end - position < kDirectoryBytes || at<std::uint32_t>(position) != kDirectorySignature) {
      fail(position, "an entry of the directory", "none");
    }
    const std::size_t name_bytes = at<std::uint16_t>(position + 28);
    const std::size_t other_bytes =
        at<std::uint16_t>(position + 30) + std::size_t{at<std::uint16_t>(position + 32)};
    if (end - position - kDirectoryBytes < name_bytes + other_bytes) {
      fail(position + 28, "a name within the directory", "one that goes beyond it");
    }
    const Bytes name = bytes_.subspan(position + kDirectoryBytes, name_bytes);
    Listed entry{.name = std::string(name.begin(), name.end()),
                 .method = at<std::uint16_t>(position + 10),
                 .checksum = at<std::uint32_t>(position + 16),
                 .packed_bytes = at<std::uint32_t>(position + 20),
                 .unpacked_bytes = at<std::uint32_t>(position + 24),
                 .offset = at<std::uint32_t>(position + 42)};
    check_supported(entry, at<std::uint16_t>(position + 8), position);
    position += kDirectoryBytes + name_bytes + other_bytes;
    return entry;
  }

  void check_supported(const Listed& entry, std::uint16_t flags, std::size_t position) const {
    if ((flags & ~kFlagsAllowed) != 0) {
      throw Error(
          "{}: {}: expected neither encryption nor sizes after the data, found flags 0x{:04x} at "
          "byte {}; hint: write it with numpy.savez",
          name_, quote(entry.name), flags, position + 8);
    }
    if (entry.method != kStored && entry.method != kDeflated) {
      throw Error(
          "{}: {}: expected data stored or deflated, found method {} at byte {}; hint: write it "
          "with numpy.savez",
          name_, quote(entry.name), entry.method, position + 10);
    }
    if (entry.packed_bytes == kInZip64 || entry.unpacked_bytes == kInZip64) {
      throw Error("{}: {}: expected less than 4 GiB; hint: save it as .safetensors", name_,
                  quote(entry.name));
    }
  }

  /// Moves the position behind the entry.
  std::vector<std::uint8_t> read_entry(const Listed& entry, std::size_t end,
                                       std::size_t& position) const {
    if (end - position < kLocalBytes || at<std::uint32_t>(position) != kLocalSignature) {
      fail(position, fmt::format("the entry {}", quote(entry.name)), "no entry");
    }
    const std::size_t name_bytes = at<std::uint16_t>(position + 26);
    const std::size_t header_bytes = kLocalBytes + name_bytes + at<std::uint16_t>(position + 28);
    if (end - position < header_bytes || end - position - header_bytes < entry.packed_bytes) {
      fail(position, fmt::format("{} bytes of {}", entry.packed_bytes, quote(entry.name)),
           "the directory among them");
    }
    const Bytes name = bytes_.subspan(position + kLocalBytes, name_bytes);
    if (!std::ranges::equal(name, entry.name, {}, {},
                            [](char c) { return static_cast<std::uint8_t>(c); }) ||
        at<std::uint16_t>(position + 8) != entry.method) {
      fail(position, fmt::format("the entry {}, as in the directory", quote(entry.name)),
           "another name or method");
    }
    const Bytes packed = bytes_.subspan(position + header_bytes, entry.packed_bytes);
    std::vector<std::uint8_t> content = unpack(entry, packed);
    if (checksum(content) != entry.checksum) {
      throw Error("{}: {}: the checksum does not agree with the data; {}", name_, quote(entry.name),
                  kDamagedHint);
    }
    position += header_bytes + entry.packed_bytes;
    return content;
  }

  std::vector<std::uint8_t> unpack(const Listed& entry, Bytes packed) const {
    const bool stored = entry.method == kStored;
    const std::uint64_t most = stored ? packed.size() : packed.size() * kDeflateRatio;
    if (entry.unpacked_bytes > most || (stored && entry.unpacked_bytes != packed.size())) {
      throw Error("{}: {}: expected {} bytes from {}, which cannot hold them; {}", name_,
                  quote(entry.name), entry.unpacked_bytes, packed.size(), kDamagedHint);
    }
    if (stored) return {packed.begin(), packed.end()};
    std::vector<std::uint8_t> content(entry.unpacked_bytes);
    z_stream stream = {};
    constexpr int kRawDeflate = -15;
    if (inflateInit2(&stream, kRawDeflate) != Z_OK) throw std::bad_alloc();
    stream.next_in = const_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = content.data();
    stream.avail_out = entry.unpacked_bytes;
    const int result = inflate(&stream, Z_FINISH);
    const bool complete = result == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
    inflateEnd(&stream);
    if (!complete) {
      throw Error("{}: {}: the compressed data are damaged; {}", name_, quote(entry.name),
                  kDamagedHint);
    }
    return content;
  }

  Bytes bytes_;
  const std::string& name_;
};

}  // namespace

std::vector<std::uint8_t> encode_zip(std::span<const ZipEntry> entries, std::string_view comment) {
  if (comment.size() > kLongestComment) {
    throw Error("a .npz file holds at most {} bytes of metadata, found {}; hint: use .safetensors",
                kLongestComment, comment.size());
  }
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> directory;
  for (const ZipEntry& entry : entries) {
    if (bytes.size() + entry.content.size() + kLongestComment >= kInZip64) {
      throw Error("a .npz file holds less than 4 GiB; hint: use .safetensors");
    }
    const auto size = static_cast<std::uint32_t>(entry.content.size());
    const Listed listed{.name = entry.name,
                        .checksum = checksum(entry.content),
                        .packed_bytes = size,
                        .unpacked_bytes = size,
                        .offset = static_cast<std::uint32_t>(bytes.size())};
    append_little_endian(bytes, kLocalSignature);
    append_common(bytes, listed);
    bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
    bytes.insert(bytes.end(), entry.content.begin(), entry.content.end());
    append_directory_entry(directory, listed);
  }
  const auto count = static_cast<std::uint16_t>(entries.size());
  const auto directory_offset = static_cast<std::uint32_t>(bytes.size());
  bytes.insert(bytes.end(), directory.begin(), directory.end());
  append_little_endian(bytes, kEndSignature);
  append_little_endian(bytes, std::uint32_t{0});  // disks
  append_little_endian(bytes, count);
  append_little_endian(bytes, count);
  append_little_endian(bytes, static_cast<std::uint32_t>(directory.size()));
  append_little_endian(bytes, directory_offset);
  append_little_endian(bytes, static_cast<std::uint16_t>(comment.size()));
  bytes.insert(bytes.end(), comment.begin(), comment.end());
  return bytes;
}

ParsedZip parse_zip(std::span<const std::uint8_t> bytes, const std::string& name) {
  return Reader(bytes, name).read();
}

}  // namespace trp
