#pragma once

#include <cstdint>
#include <initializer_list>
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

/// An entry of an archive that is read, still packed.
struct PackedEntry {
  std::string name;
  bool is_deflated = false;
  std::uint32_t checksum = 0;
  std::uint32_t unpacked_bytes = 0;
  std::span<const std::uint8_t> packed;
};

struct ParsedZip {
  std::vector<PackedEntry> entries;
  std::string comment;  // the last bytes of the file
};

/// Finds entries that are stored or deflated, which hold at most 2 GiB together. Throws Error for
/// all else, for two of one name, and for bytes between, before or after what the archive's
/// directory lists. The entries point into `bytes`.
ParsedZip parse_zip(std::span<const std::uint8_t> bytes, const std::string& name);

/// Unpacks the first bytes of an entry into these places, one after the other. Throws Error, which
/// begins with `where`, if that fails, or if the places hold all of the entry and it is damaged.
void unpack(const PackedEntry& entry, std::initializer_list<std::span<std::uint8_t>> into,
            const std::string& where);

/// Whether these first bytes of a file may be those of an archive, be it one without entries.
bool starts_zip(std::span<const std::uint8_t> start);

}  // namespace trp
