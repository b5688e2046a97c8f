#include "formats/zip.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <string_view>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/deflate.h"
#include "formats/little_endian.h"
#include "trp/error.h"

namespace trp {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t kLocalSignature = 0x04034b50;
constexpr std::uint32_t kDirectorySignature = 0x02014b50;
constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::size_t kLocalBytes = 30, kDirectoryBytes = 46, kEndBytes = 22;
constexpr std::size_t kMaxCommentBytes = 65'535;
constexpr std::uint32_t kInZip64 = 0xffffffff;   // for a size that is too large for 32 bits
constexpr std::uint16_t kFlagsAllowed = 0x0806;  // deflate's level, names in UTF-8
constexpr std::uint16_t kFormatVersion = 20;     // 2.0
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{2} << 30;

/// What the directory says of an entry.
struct ListedEntry {
  std::string name;
  std::uint16_t method = kStored;
  std::uint32_t checksum = 0;
  std::uint32_t packed_bytes = 0;
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t offset = 0;
};

std::uint32_t checksum_of(Bytes content) {
  return static_cast<std::uint32_t>(crc32_z(0, content.data(), content.size()));
}

/// What a local header and a directory entry have in common.
void append_common(std::vector<std::uint8_t>& bytes, const ListedEntry& entry) {
  constexpr std::uint16_t kNoFlags = 0, kMidnight = 0, kNoExtra = 0;
  constexpr std::uint16_t kFirstDate = 1 << 5 | 1;  // 1980-01-01
  append_little_endian(bytes, kFormatVersion, kNoFlags, entry.method, kMidnight, kFirstDate,
                       entry.checksum, entry.packed_bytes, entry.unpacked_bytes,
                       static_cast<std::uint16_t>(entry.name.size()), kNoExtra);
}

void append_directory_entry(std::vector<std::uint8_t>& bytes, const ListedEntry& entry) {
  constexpr std::size_t kZeros = 2 + 2 + 2 + 4;  // comment, disk, attributes
  append_little_endian(bytes, kDirectorySignature, kFormatVersion);
  append_common(bytes, entry);
  bytes.insert(bytes.end(), kZeros, 0);
  append_little_endian(bytes, entry.offset);
  bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
}

/// Takes an archive to pieces. Every byte of it has to have a meaning.
class ZipReader {
 public:
  ZipReader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  ParsedZip read() {
    const std::size_t end = find_end();
    const std::size_t directory = at<std::uint32_t>(end + 16);
    std::vector<ListedEntry> listed = read_directory(directory, end);
    std::ranges::sort(listed, {}, &ListedEntry::offset);
    ParsedZip zip;
    std::size_t position = 0;
    for (const ListedEntry& entry : listed) {
      expect(entry.offset == position, position, fmt::format("the entry {}", in_quotes(entry.name)),
             "it elsewhere");
      zip.entries.push_back({entry.name, read_entry(entry, directory, position)});
    }
    expect(position == directory, position, "the directory", "other bytes");
    zip.comment = text_of(bytes_.subspan(end + kEndBytes));
    return zip;
  }

 private:
  template <class Unsigned>
  Unsigned at(std::size_t offset) const {
    return little_endian<Unsigned>(&bytes_[offset]);
  }

  void expect(bool good, std::size_t offset, std::string_view expected,
              std::string_view found) const {
    if (!good) throw damaged(name_, fmt::format("{} at byte {}", expected, offset), found);
  }

  std::string in_archive(const ListedEntry& entry) const {
    return fmt::format("{}: {}", name_, in_quotes(entry.name));
  }

  /// Where the last record is, which only a comment follows, whose length it says.
  std::size_t find_end() const {
    for (std::size_t comment = 0; comment <= kMaxCommentBytes; ++comment) {
      if (bytes_.size() < kEndBytes + comment) break;
      const std::size_t end = bytes_.size() - kEndBytes - comment;
      if (at<std::uint32_t>(end) != kEndSignature || at<std::uint16_t>(end + 20) != comment)
        continue;
      expect(at<std::uint32_t>(end + 4) == 0 &&
                 at<std::uint16_t>(end + 8) == at<std::uint16_t>(end + 10),
             end + 4, "an archive on one disk", "another disk or count of entries");
      return end;
    }
    fail(
        "{}: expected the end of a zip archive in its last bytes, found none; hint: the "
        "file is cut short or damaged, fetch or copy it again",
        name_);
  }

  std::vector<ListedEntry> read_directory(std::size_t position, std::size_t end) const {
    const auto size = at<std::uint32_t>(end + 12);
    expect(std::uint64_t{position} + size == end, end + 12,
           fmt::format("a directory that ends at byte {}", end),
           fmt::format("{} bytes at byte {}", size, position));
    std::vector<ListedEntry> listed;
    std::uint64_t unpacked = 0;
    for (int i = 0; i < at<std::uint16_t>(end + 10); ++i) {
      listed.push_back(read_directory_entry(position, end));
      unpacked += listed.back().unpacked_bytes;
    }
    if (unpacked > kMaxUnpackedBytes) {
      fail("{}: expected at most {} bytes in all entries, found {}; hint: is it the right file?",
           name_, kMaxUnpackedBytes, unpacked);
    }
    expect(position == end, position, "the end of the directory", "more of it");
    return listed;
  }

  /// Moves the position behind the entry of the directory.
  ListedEntry read_directory_entry(std::size_t& position, std::size_t end) const {
    expect(end - position >= kDirectoryBytes && at<std::uint32_t>(position) == kDirectorySignature,
           position, "an entry of the directory", "none");
    const std::size_t name_bytes = at<std::uint16_t>(position + 28);
    const std::size_t all_bytes = kDirectoryBytes + name_bytes + at<std::uint16_t>(position + 30) +
                                  at<std::uint16_t>(position + 32);
    expect(end - position >= all_bytes, position + 28, "a name within the directory",
           "one that goes beyond it");
    const ListedEntry entry{
        .name = std::string(text_of(bytes_.subspan(position + kDirectoryBytes, name_bytes))),
        .method = at<std::uint16_t>(position + 10),
        .checksum = at<std::uint32_t>(position + 16),
        .packed_bytes = at<std::uint32_t>(position + 20),
        .unpacked_bytes = at<std::uint32_t>(position + 24),
        .offset = at<std::uint32_t>(position + 42)};
    check_supported(entry, at<std::uint16_t>(position + 8));
    position += all_bytes;
    return entry;
  }

  void check_supported(const ListedEntry& entry, std::uint16_t flags) const {
    const bool is_large = entry.packed_bytes == kInZip64 || entry.unpacked_bytes == kInZip64;
    const bool is_known = entry.method == kStored || entry.method == kDeflated;
    if ((flags & ~kFlagsAllowed) == 0 && is_known && !is_large) return;
    fail(
        "{}: expected data stored or deflated, of less than 4 GiB, and neither "
        "encryption nor sizes "
        "after the data, found method {} and flags 0x{:04x}; hint: write it with "
        "numpy.savez, or as "
        ".safetensors",
        in_archive(entry), entry.method, flags);
  }

  /// Returns the entry's content, and moves the position behind the entry.
  std::vector<std::uint8_t> read_entry(const ListedEntry& entry, std::size_t end,
                                       std::size_t& position) const {
    expect(end - position >= kLocalBytes && at<std::uint32_t>(position) == kLocalSignature,
           position, fmt::format("the entry {}", in_quotes(entry.name)), "no entry");
    const std::size_t name_bytes = at<std::uint16_t>(position + 26);
    const std::size_t header_bytes = kLocalBytes + name_bytes + at<std::uint16_t>(position + 28);
    expect(end - position >= header_bytes && end - position - header_bytes >= entry.packed_bytes,
           position, fmt::format("{} bytes of {}", entry.packed_bytes, in_quotes(entry.name)),
           "the directory among them");
    expect(text_of(bytes_.subspan(position + kLocalBytes, name_bytes)) == entry.name &&
               at<std::uint16_t>(position + 8) == entry.method,
           position, fmt::format("the entry {}, as in the directory", in_quotes(entry.name)),
           "another name or method");
    std::vector<std::uint8_t> content =
        unpack(entry, bytes_.subspan(position + header_bytes, entry.packed_bytes));
    if (checksum_of(content) != entry.checksum)
      fail("{}: the checksum does not agree with the data; {}", in_archive(entry), kDamagedHint);
    position += header_bytes + entry.packed_bytes;
    return content;
  }

  std::vector<std::uint8_t> unpack(const ListedEntry& entry, Bytes packed) const {
    const bool stored = entry.method == kStored;
    const std::uint64_t max_bytes = packed.size() * (stored ? 1 : kDeflateRatio);
    if (entry.unpacked_bytes > max_bytes || (stored && entry.unpacked_bytes != packed.size())) {
      throw damaged(in_archive(entry), fmt::format("{} bytes", entry.unpacked_bytes),
                    fmt::format("{}, which cannot hold them", packed.size()));
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
    if (!complete) fail("{}: the compressed data are damaged; {}", in_archive(entry), kDamagedHint);
    return content;
  }

  Bytes bytes_;
  const std::string& name_;
};

}  // namespace

std::vector<std::uint8_t> encode_zip(std::span<const ZipEntry> entries, std::string_view comment) {
  if (comment.size() > kMaxCommentBytes) {
    fail("a .npz file holds at most {} bytes of metadata, found {}; hint: use .safetensors",
         kMaxCommentBytes, comment.size());
  }
  std::vector<std::uint8_t> bytes, directory;
  for (const ZipEntry& entry : entries) {
    if (bytes.size() + entry.content.size() + kMaxCommentBytes >= kInZip64)
      throw Error("a .npz file holds less than 4 GiB; hint: use .safetensors");
    const auto size = static_cast<std::uint32_t>(entry.content.size());
    const ListedEntry listed{.name = entry.name,
                             .checksum = checksum_of(entry.content),
                             .packed_bytes = size,
                             .unpacked_bytes = size,
                             .offset = static_cast<std::uint32_t>(bytes.size())};
    append_little_endian(bytes, kLocalSignature);
    append_common(bytes, listed);
    bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
    bytes.insert(bytes.end(), entry.content.begin(), entry.content.end());
    append_directory_entry(directory, listed);
  }
  const auto directory_offset = static_cast<std::uint32_t>(bytes.size());
  bytes.insert(bytes.end(), directory.begin(), directory.end());
  const auto count = static_cast<std::uint16_t>(entries.size());  // on this disk, and on all
  append_little_endian(bytes, kEndSignature, /*disks*/ std::uint32_t{0}, count, count,
                       static_cast<std::uint32_t>(directory.size()), directory_offset,
                       static_cast<std::uint16_t>(comment.size()));
  bytes.insert(bytes.end(), comment.begin(), comment.end());
  return bytes;
}

ParsedZip parse_zip(std::span<const std::uint8_t> bytes, const std::string& name) {
  return ZipReader(bytes, name).read();
}

bool starts_zip(std::span<const std::uint8_t> start) {
  if (start.size() < 4) return false;
  const auto signature = little_endian<std::uint32_t>(start.data());
  return signature == kLocalSignature || signature == kEndSignature;
}

}  // namespace trp
