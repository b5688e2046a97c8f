#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "formats/little_endian.h"
#include "formats/zip.h"
#include "formats/zip_layout.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::uint16_t kVersion = 20;       // of the format, 2.0
constexpr std::uint16_t kDate = 1 << 5 | 1;  // the first day there is

/// What a local header and a directory entry have in common.
void append_common(std::vector<std::uint8_t>& bytes, const ZipListed& entry) {
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

void append_directory_entry(std::vector<std::uint8_t>& bytes, const ZipListed& entry) {
  append_little_endian(bytes, kZipDirectorySignature);
  append_little_endian(bytes, kVersion);  // made by
  append_common(bytes, entry);
  append_little_endian(bytes, std::uint16_t{0});  // comment
  append_little_endian(bytes, std::uint16_t{0});  // disk
  append_little_endian(bytes, std::uint16_t{0});  // internal attributes
  append_little_endian(bytes, std::uint32_t{0});  // external attributes
  append_little_endian(bytes, entry.offset);
  bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
}

}  // namespace

std::uint32_t zip_checksum(std::span<const std::uint8_t> content) {
  uLong sum = crc32(0, nullptr, 0);
  while (!content.empty()) {
    const auto count = std::min<std::size_t>(content.size(), std::numeric_limits<uInt>::max());
    sum = crc32(sum, content.data(), static_cast<uInt>(count));
    content = content.subspan(count);
  }
  return static_cast<std::uint32_t>(sum);
}

std::vector<std::uint8_t> encode_zip(std::span<const ZipEntry> entries, std::string_view comment) {
  if (comment.size() > kZipLongestComment) {
    throw Error(fmt::format(
        "a .npz file holds at most {} bytes of metadata, found {}; hint: use .safetensors",
        kZipLongestComment, comment.size()));
  }
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> directory;
  for (const ZipEntry& entry : entries) {
    if (bytes.size() + entry.content.size() + kZipLongestComment >= kInZip64) {
      throw Error("a .npz file holds less than 4 GiB; hint: use .safetensors");
    }
    const auto size = static_cast<std::uint32_t>(entry.content.size());
    const ZipListed listed{.name = entry.name,
                           .checksum = zip_checksum(entry.content),
                           .packed_bytes = size,
                           .unpacked_bytes = size,
                           .offset = static_cast<std::uint32_t>(bytes.size())};
    append_little_endian(bytes, kZipLocalSignature);
    append_common(bytes, listed);
    bytes.insert(bytes.end(), entry.name.begin(), entry.name.end());
    bytes.insert(bytes.end(), entry.content.begin(), entry.content.end());
    append_directory_entry(directory, listed);
  }
  const auto count = static_cast<std::uint16_t>(entries.size());
  const auto directory_offset = static_cast<std::uint32_t>(bytes.size());
  bytes.insert(bytes.end(), directory.begin(), directory.end());
  append_little_endian(bytes, kZipEndSignature);
  append_little_endian(bytes, std::uint32_t{0});  // disks
  append_little_endian(bytes, count);
  append_little_endian(bytes, count);
  append_little_endian(bytes, static_cast<std::uint32_t>(directory.size()));
  append_little_endian(bytes, directory_offset);
  append_little_endian(bytes, static_cast<std::uint16_t>(comment.size()));
  bytes.insert(bytes.end(), comment.begin(), comment.end());
  return bytes;
}

}  // namespace trp
