#pragma once

#include <array>
#include <cstdint>

namespace trp {

// The records of a zip archive as they are in the file, with the values that are written.

inline constexpr std::uint16_t kStored = 0, kDeflated = 8;  // methods

#pragma pack(push, 1)
/// What a local header and an entry of the directory have in common.
struct Description {
  std::uint16_t version = 20;  // 2.0
  std::uint16_t flags = 0;
  std::uint16_t method = kStored;
  std::uint32_t time = (1 << 5 | 1) << 16;  // midnight of 1980-01-01
  std::uint32_t checksum = 0;
  std::uint32_t packed_bytes = 0;
  std::uint32_t unpacked_bytes = 0;
  std::uint16_t name_bytes = 0;
  std::uint16_t extra_bytes = 0;
};

/// Stands before the data of an entry; the name and extra bytes follow it.
struct LocalHeader {
  std::uint32_t signature = 0x04034b50;
  Description entry = {};
};

/// The name, extra bytes and a comment follow it.
struct DirectoryEntry {
  std::uint32_t signature = 0x02014b50;
  std::uint16_t made_by = 20;
  Description entry = {};
  std::uint16_t comment_bytes = 0;
  std::array<std::uint8_t, 8> disk_and_attributes = {};
  std::uint32_t offset = 0;
};

/// Stands after the directory; only the comment follows it.
struct EndRecord {
  std::uint32_t signature = 0x06054b50;
  std::uint32_t disks = 0;
  std::uint16_t entries_here = 0;
  std::uint16_t entries = 0;
  std::uint32_t directory_bytes = 0;
  std::uint32_t directory_offset = 0;
  std::uint16_t comment_bytes = 0;
};
#pragma pack(pop)
static_assert(sizeof(LocalHeader) == 30 && sizeof(DirectoryEntry) == 46 && sizeof(EndRecord) == 22);

}  // namespace trp
