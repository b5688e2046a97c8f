#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace trp {

// What writing and reading zip archives have in common.

inline constexpr std::uint32_t kZipLocalSignature = 0x04034b50;
inline constexpr std::uint32_t kZipDirectorySignature = 0x02014b50;
inline constexpr std::uint32_t kZipEndSignature = 0x06054b50;
inline constexpr std::size_t kZipLongestComment = 65'535;
/// In place of a size or an offset that is too large for 32 bits.
inline constexpr std::uint32_t kInZip64 = 0xffffffff;

enum ZipMethod : std::uint16_t { kStored = 0, kDeflated = 8 };

/// What the archive says of an entry, in the directory.
struct ZipListed {
  std::string name;
  std::uint16_t method = kStored;
  std::uint32_t checksum = 0;
  std::uint32_t packed_bytes = 0;
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t offset = 0;
};

std::uint32_t zip_checksum(std::span<const std::uint8_t> content);

}  // namespace trp
