#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trp {

// Zip archives of the plainest kind: no encryption, one disk, less than 4 GiB.

struct ZipEntry {
  std::string name;
  std::vector<std::uint8_t> content;
};

/// Returns an archive of the entries, stored and dated 1980-01-01, so that the bytes depend on the
/// arguments alone. Throws Error if the comment is longer than 65535 bytes or the whole too large.
std::vector<std::uint8_t> encode_zip(std::span<const ZipEntry> entries, std::string_view comment);

struct ParsedZip {
  std::vector<ZipEntry> entries;  // unpacked, their checksums verified
  std::string comment;            // the last bytes of the file
};

/// Reads entries that are stored or deflated. Throws Error for all else, and for bytes between,
/// before or after what the archive's directory lists.
ParsedZip parse_zip(std::span<const std::uint8_t> bytes, const std::string& name);

/// Whether these first bytes of a file may be those of an archive, be it one without entries.
bool starts_zip(std::span<const std::uint8_t> start);

}  // namespace trp
