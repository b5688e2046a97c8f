#include "formats/zip.h"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <new>
#include <set>

#include <fmt/format.h>

#include "core/fail.h"
#include "core/text.h"
#include "formats/byte_source.h"
#include "formats/bytes.h"
#include "formats/zip_records.h"
#include "trp/error.h"

namespace trp {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kMaxShort = 65'535;        // of what is told in 16 bits
constexpr std::uint32_t kInZip64 = 0xffffffff;   // for a size that is too large for 32 bits
constexpr std::uint16_t kFlagsAllowed = 0x0806;  // deflate's level, names in UTF-8
constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{2} << 30;

std::uint32_t checksum_of(Bytes content, std::uint32_t before = 0) {
  if (content.empty()) return before;  // zlib begins anew where there are no bytes
  return static_cast<std::uint32_t>(crc32_z(before, content.data(), content.size()));
}

void append_text(std::vector<std::uint8_t>& bytes, std::string_view text) {
  bytes.insert(bytes.end(), text.begin(), text.end());
}

struct ListedEntry : DirectoryEntry {
  std::string name;
};

/// Takes an archive to pieces. Every byte of it has to have a meaning.
class ZipReader {
 public:
  ZipReader(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  ParsedZip read() {
    const std::size_t end = find_end();
    const auto record = load<EndRecord>(&bytes_[end]);
    const std::size_t directory = record.directory_offset;
    std::vector<ListedEntry> listed = read_directory(record, end);
    std::ranges::sort(listed, {}, [](const ListedEntry& entry) { return entry.offset; });
    ParsedZip zip;
    std::set<std::string> names;
    std::size_t position = 0;
    for (const ListedEntry& entry : listed) {
      if (!names.insert(entry.name).second)
        throw damaged(name_, "each array once", in_quotes(entry.name) + " again");
      expect(entry.offset == position, position, fmt::format("the entry {}", in_quotes(entry.name)),
             "it elsewhere");
      zip.entries.push_back(read_entry(entry, directory, position));
    }
    expect(position == directory, position, "the directory", "other bytes");
    zip.comment = text_of(bytes_.subspan(end + sizeof record));
    return zip;
  }

 private:
  void expect(bool good, std::size_t offset, std::string_view expected,
              std::string_view found) const {
    if (!good) throw damaged(name_, fmt::format("{} at byte {}", expected, offset), found);
  }

  /// Returns the record at a position, if there is one before the end.
  template <class Record>
  Record record_at(std::size_t position, std::size_t end, std::string_view what) const {
    Record record{.signature = 0};
    if (end - position >= sizeof record) record = load<Record>(&bytes_[position]);
    expect(record.signature == Record().signature, position, what, "none");
    return record;
  }

  /// Returns where the last record is, which only a comment follows, whose length it says.
  std::size_t find_end() const {
    for (std::size_t comment = 0; comment <= kMaxShort; ++comment) {
      if (bytes_.size() < sizeof(EndRecord) + comment) break;
      const std::size_t end = bytes_.size() - sizeof(EndRecord) - comment;
      const auto record = load<EndRecord>(&bytes_[end]);
      if (record.signature != EndRecord().signature || record.comment_bytes != comment) continue;
      expect(record.disks == 0 && record.entries_here == record.entries, end + 4,
             "an archive on one disk", "another disk or count of entries");
      return end;
    }
    fail(
        "{}: expected the end of a zip archive in its last bytes, found none; hint: the file is "
        "cut short or damaged, fetch or copy it again",
        name_);
  }

  std::vector<ListedEntry> read_directory(const EndRecord& record, std::size_t end) const {
    std::size_t position = record.directory_offset;
    const std::uint64_t size = record.directory_bytes;
    expect(position + size == end, end + 12, fmt::format("a directory that ends at byte {}", end),
           fmt::format("{} bytes at byte {}", size, position));
    std::vector<ListedEntry> listed;
    std::uint64_t unpacked = 0;
    for (int i = 0; i < record.entries; ++i) {
      listed.push_back(read_listed(position, end));
      unpacked += listed.back().entry.unpacked_bytes;
    }
    if (unpacked > kMaxUnpackedBytes) {
      fail("{}: expected at most {} bytes in all entries, found {}; hint: is it the right file?",
           name_, kMaxUnpackedBytes, unpacked);
    }
    expect(position == end, position, "the end of the directory", "more of it");
    return listed;
  }

  /// Moves the position behind the entry of the directory.
  ListedEntry read_listed(std::size_t& position, std::size_t end) const {
    const auto entry = record_at<DirectoryEntry>(position, end, "an entry of the directory");
    const std::size_t name_bytes = entry.entry.name_bytes;
    const std::size_t all_bytes =
        sizeof entry + name_bytes + entry.entry.extra_bytes + entry.comment_bytes;
    expect(end - position >= all_bytes, position + 28, "a name within the directory",
           "one that goes beyond it");
    ListedEntry listed{entry,
                       std::string(text_of(bytes_.subspan(position + sizeof entry, name_bytes)))};
    check_supported(listed);
    position += all_bytes;
    return listed;
  }

  void check_supported(const ListedEntry& listed) const {
    const auto [method, flags] = std::pair(listed.entry.method, listed.entry.flags);
    const bool is_large =
        listed.entry.packed_bytes == kInZip64 || listed.entry.unpacked_bytes == kInZip64;
    const bool is_known = method == kStored || method == kDeflated;
    if ((flags & ~kFlagsAllowed) == 0 && is_known && !is_large) return;
    fail(
        "{}: {}: expected data stored or deflated, of less than 4 GiB, and neither encryption nor "
        "sizes after the data, found method {} and flags 0x{:04x}; hint: write it with "
        "numpy.savez, or as .safetensors",
        name_, in_quotes(listed.name), method, flags);
  }

  /// Returns the entry, and moves the position behind it.
  PackedEntry read_entry(const ListedEntry& listed, std::size_t end, std::size_t& position) const {
    const std::string name = in_quotes(listed.name);
    const auto header = record_at<LocalHeader>(position, end, fmt::format("the entry {}", name));
    const std::size_t name_bytes = header.entry.name_bytes;
    const std::size_t packed_bytes = listed.entry.packed_bytes;
    const std::size_t header_bytes = sizeof header + name_bytes + header.entry.extra_bytes;
    expect(end - position >= header_bytes && end - position - header_bytes >= packed_bytes,
           position, fmt::format("{} bytes of {}", packed_bytes, name), "the directory among them");
    expect(text_of(bytes_.subspan(position + sizeof header, name_bytes)) == listed.name &&
               header.entry.method == listed.entry.method,
           position, fmt::format("the entry {}, as in the directory", name),
           "another name or method");
    const PackedEntry entry{.name = listed.name,
                            .is_deflated = listed.entry.method == kDeflated,
                            .checksum = listed.entry.checksum,
                            .unpacked_bytes = listed.entry.unpacked_bytes,
                            .packed = bytes_.subspan(position + header_bytes, packed_bytes)};
    const std::uint64_t max_bytes = packed_bytes * (entry.is_deflated ? kDeflateRatio : 1);
    if (entry.unpacked_bytes > max_bytes ||
        (!entry.is_deflated && entry.unpacked_bytes != packed_bytes)) {
      throw damaged(fmt::format("{}: {}", name_, name),
                    fmt::format("{} bytes", entry.unpacked_bytes),
                    fmt::format("{}, which cannot hold them", packed_bytes));
    }
    position += header_bytes + packed_bytes;
    return entry;
  }

  Bytes bytes_;
  const std::string& name_;
};

/// Inflates into the places; returns whether they were filled, and if they hold all of the entry
/// whether the data end there.
bool inflate_into(const PackedEntry& entry, std::initializer_list<std::span<std::uint8_t>> into,
                  bool is_whole) {
  z_stream stream = {};
  constexpr int kRawDeflate = -15;
  if (inflateInit2(&stream, kRawDeflate) != Z_OK) throw std::bad_alloc();
  stream.next_in = const_cast<Bytef*>(entry.packed.data());
  stream.avail_in = static_cast<uInt>(entry.packed.size());
  int result = Z_OK;
  bool is_full = true;
  for (const auto place : into) {
    stream.next_out = place.data();
    stream.avail_out = static_cast<uInt>(place.size());
    if (!place.empty()) result = inflate(&stream, Z_SYNC_FLUSH);
    is_full = is_full && stream.avail_out == 0;
  }
  // The end may still be to come when the last place is full.
  std::uint8_t none = 0;
  stream.next_out = &none;
  if (is_whole && result == Z_OK) result = inflate(&stream, Z_FINISH);
  const bool ends = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return is_full && (ends || !is_whole);
}

}  // namespace

std::vector<std::uint8_t> encode_zip(std::span<const ZipEntry> entries, std::string_view comment) {
  if (comment.size() > kMaxShort) {
    fail("a .npz file holds at most {} bytes of metadata, found {}; hint: use .safetensors",
         kMaxShort, comment.size());
  }
  std::vector<std::uint8_t> bytes, directory;
  for (const ZipEntry& entry : entries) {
    if (bytes.size() + entry.content.size() > kMaxUnpackedBytes || entries.size() > kMaxShort ||
        entry.name.size() > kMaxShort)
      throw Error("a .npz file holds at most 2 GiB and 65535 arrays; hint: use .safetensors");
    const auto size = static_cast<std::uint32_t>(entry.content.size());
    const Description description{.checksum = checksum_of(entry.content),
                                  .packed_bytes = size,
                                  .unpacked_bytes = size,
                                  .name_bytes = static_cast<std::uint16_t>(entry.name.size())};
    const auto offset = static_cast<std::uint32_t>(bytes.size());
    append_numbers(directory, DirectoryEntry{.entry = description, .offset = offset});
    append_text(directory, entry.name);
    append_numbers(bytes, LocalHeader{.entry = description});
    append_text(bytes, entry.name);
    bytes.insert(bytes.end(), entry.content.begin(), entry.content.end());
  }
  const auto count = static_cast<std::uint16_t>(entries.size());
  const EndRecord record{.entries_here = count,
                         .entries = count,
                         .directory_bytes = static_cast<std::uint32_t>(directory.size()),
                         .directory_offset = static_cast<std::uint32_t>(bytes.size()),
                         .comment_bytes = static_cast<std::uint16_t>(comment.size())};
  bytes.insert(bytes.end(), directory.begin(), directory.end());
  append_numbers(bytes, record);
  append_text(bytes, comment);
  return bytes;
}

ParsedZip parse_zip(std::span<const std::uint8_t> bytes, const std::string& name) {
  return ZipReader(bytes, name).read();
}

void unpack(const PackedEntry& entry, std::initializer_list<std::span<std::uint8_t>> into,
            const std::string& where) {
  std::size_t count = 0;
  std::uint32_t checksum = 0;
  for (const auto place : into) count += place.size();
  const bool is_whole = count == entry.unpacked_bytes;
  if (entry.is_deflated) {
    if (!inflate_into(entry, into, is_whole))
      fail("{}: the compressed data are damaged; {}", where, kDamagedHint);
  } else {
    Bytes rest = entry.packed;
    for (const auto place : into) {
      std::copy_n(rest.begin(), place.size(), place.begin());
      rest = rest.subspan(place.size());
    }
  }
  for (const auto place : into) checksum = checksum_of(place, checksum);
  if (is_whole && checksum != entry.checksum) {
    fail("{}: the checksum does not agree with the data; {}", where, kDamagedHint);
  }
}

bool starts_zip(std::span<const std::uint8_t> start) {
  if (start.size() < 4) return false;
  const auto signature = load<std::uint32_t>(start.data());
  return signature == LocalHeader().signature || signature == EndRecord().signature;
}

}  // namespace trp
