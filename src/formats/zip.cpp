#include "formats/zip.h"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <string_view>

#include <fmt/format.h>

#include "core/text.h"
#include "formats/array_checks.h"
#include "formats/deflate.h"
#include "formats/little_endian.h"
#include "formats/zip_layout.h"
#include "trp/error.h"

namespace trp {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kLocalBytes = 30, kDirectoryBytes = 46, kEndBytes = 22;
constexpr std::uint16_t kFlagsAllowed = 0x0806;  // deflate's level, names in UTF-8
constexpr std::uint64_t kMostUnpacked = std::uint64_t{2} << 30;

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
    std::vector<ZipListed> listed = read_directory(end);
    std::ranges::sort(listed, {}, &ZipListed::offset);
    ParsedZip zip;
    std::size_t position = 0;
    for (const ZipListed& entry : listed) {
      if (entry.offset != position) {
        fail(position, fmt::format("the entry {}", in_quotes(entry.name)),
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
    throw Error(fmt::format("{}: expected {} at byte {}, found {}; {}", name_, expected, offset,
                            found, kDamagedHint));
  }

  /// It is the last thing in the file but for a comment, whose length it says.
  ArchiveEnd find_end() const {
    for (std::size_t comment = 0; comment <= kZipLongestComment; ++comment) {
      if (bytes_.size() < kEndBytes + comment) break;
      const std::size_t offset = bytes_.size() - kEndBytes - comment;
      if (at<std::uint32_t>(offset) != kZipEndSignature ||
          at<std::uint16_t>(offset + 20) != comment) {
        continue;
      }
      const auto entry_count = at<std::uint16_t>(offset + 10);
      if (at<std::uint32_t>(offset + 4) != 0 || at<std::uint16_t>(offset + 8) != entry_count) {
        fail(offset + 4, "an archive on one disk", "another disk or count of entries");
      }
      return {offset, entry_count, at<std::uint32_t>(offset + 12), at<std::uint32_t>(offset + 16)};
    }
    throw Error(
        fmt::format("{}: expected the end of a zip archive in its last bytes, found none; {}",
                    name_, "hint: the file is cut short or damaged, fetch or copy it again"));
  }

  std::vector<ZipListed> read_directory(const ArchiveEnd& end) const {
    std::size_t position = end.directory_offset;
    if (std::uint64_t{position} + end.directory_bytes != end.offset) {
      fail(end.offset + 12, fmt::format("a directory that ends at byte {}", end.offset),
           fmt::format("{} bytes at byte {}", end.directory_bytes, position));
    }
    std::vector<ZipListed> listed;
    std::uint64_t unpacked = 0;
    for (int i = 0; i < end.entry_count; ++i) {
      listed.push_back(read_directory_entry(position, end.offset));
      unpacked += listed.back().unpacked_bytes;
    }
    if (unpacked > kMostUnpacked) {
      throw Error(fmt::format("{}: expected at most {} bytes in all entries, found {}; {}", name_,
                              kMostUnpacked, unpacked, "hint: is it the right file?"));
    }
    if (position != end.offset) fail(position, "the end of the directory", "more of it");
    return listed;
  }

  ZipListed read_directory_entry(std::size_t& position, std::size_t end) const {
    if (end - position < kDirectoryBytes || at<std::uint32_t>(position) != kZipDirectorySignature) {
      fail(position, "an entry of the directory", "none");
    }
    const std::size_t name_bytes = at<std::uint16_t>(position + 28);
    const std::size_t other_bytes =
        at<std::uint16_t>(position + 30) + std::size_t{at<std::uint16_t>(position + 32)};
    if (end - position - kDirectoryBytes < name_bytes + other_bytes) {
      fail(position + 28, "a name within the directory", "one that goes beyond it");
    }
    const Bytes name = bytes_.subspan(position + kDirectoryBytes, name_bytes);
    ZipListed entry{.name = std::string(name.begin(), name.end()),
                    .method = at<std::uint16_t>(position + 10),
                    .checksum = at<std::uint32_t>(position + 16),
                    .packed_bytes = at<std::uint32_t>(position + 20),
                    .unpacked_bytes = at<std::uint32_t>(position + 24),
                    .offset = at<std::uint32_t>(position + 42)};
    check_supported(entry, at<std::uint16_t>(position + 8), position);
    position += kDirectoryBytes + name_bytes + other_bytes;
    return entry;
  }

  void check_supported(const ZipListed& entry, std::uint16_t flags, std::size_t position) const {
    if ((flags & ~kFlagsAllowed) != 0) {
      throw Error(fmt::format(
          "{}: {}: expected neither encryption nor sizes after the data, found flags 0x{:04x} at "
          "byte {}; hint: write it with numpy.savez",
          name_, in_quotes(entry.name), flags, position + 8));
    }
    if (entry.method != kStored && entry.method != kDeflated) {
      throw Error(fmt::format(
          "{}: {}: expected data stored or deflated, found method {} at byte {}; hint: write it "
          "with numpy.savez",
          name_, in_quotes(entry.name), entry.method, position + 10));
    }
    if (entry.packed_bytes == kInZip64 || entry.unpacked_bytes == kInZip64) {
      throw Error(fmt::format("{}: {}: expected less than 4 GiB; hint: save it as .safetensors",
                              name_, in_quotes(entry.name)));
    }
  }

  /// Moves the position behind the entry.
  std::vector<std::uint8_t> read_entry(const ZipListed& entry, std::size_t end,
                                       std::size_t& position) const {
    if (end - position < kLocalBytes || at<std::uint32_t>(position) != kZipLocalSignature) {
      fail(position, fmt::format("the entry {}", in_quotes(entry.name)), "no entry");
    }
    const std::size_t name_bytes = at<std::uint16_t>(position + 26);
    const std::size_t header_bytes = kLocalBytes + name_bytes + at<std::uint16_t>(position + 28);
    if (end - position < header_bytes || end - position - header_bytes < entry.packed_bytes) {
      fail(position, fmt::format("{} bytes of {}", entry.packed_bytes, in_quotes(entry.name)),
           "the directory among them");
    }
    const Bytes name = bytes_.subspan(position + kLocalBytes, name_bytes);
    if (!std::ranges::equal(name, entry.name, {}, {},
                            [](char c) { return static_cast<std::uint8_t>(c); }) ||
        at<std::uint16_t>(position + 8) != entry.method) {
      fail(position, fmt::format("the entry {}, as in the directory", in_quotes(entry.name)),
           "another name or method");
    }
    const Bytes packed = bytes_.subspan(position + header_bytes, entry.packed_bytes);
    std::vector<std::uint8_t> content = unpack(entry, packed);
    if (zip_checksum(content) != entry.checksum) {
      throw Error(fmt::format("{}: {}: the checksum does not agree with the data; {}", name_,
                              in_quotes(entry.name), kDamagedHint));
    }
    position += header_bytes + entry.packed_bytes;
    return content;
  }

  std::vector<std::uint8_t> unpack(const ZipListed& entry, Bytes packed) const {
    const bool stored = entry.method == kStored;
    const std::uint64_t most = stored ? packed.size() : packed.size() * kDeflateRatio;
    if (entry.unpacked_bytes > most || (stored && entry.unpacked_bytes != packed.size())) {
      throw Error(fmt::format("{}: {}: expected {} bytes from {}, which cannot hold them; {}",
                              name_, in_quotes(entry.name), entry.unpacked_bytes, packed.size(),
                              kDamagedHint));
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
      throw Error(fmt::format("{}: {}: the compressed data are damaged; {}", name_,
                              in_quotes(entry.name), kDamagedHint));
    }
    return content;
  }

  Bytes bytes_;
  const std::string& name_;
};

}  // namespace

ParsedZip parse_zip(std::span<const std::uint8_t> bytes, const std::string& name) {
  return Reader(bytes, name).read();
}

}  // namespace trp
