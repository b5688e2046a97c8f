#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "formats/idx.h"

namespace trp {

inline constexpr std::size_t kIdxMagicBytes = 4;
inline constexpr std::size_t kIdxDimensionBytes = 4;

/// Reads the header; throws Error if it is not a sound one of a rank that is expected.
IdxHeader read_idx_header(ByteSource& source, const IdxExpected& expected);

/// Throws if the file's size contradicts the header. Returns whether it vouches for it, so that
/// memory for all of it may be taken; for a pipe it cannot.
bool check_size(const ByteSource& source, const IdxHeader& header);

/// Returns, for messages, "60000 x 28 x 28 unsigned bytes".
std::string describe(const IdxHeader& header);
/// Returns, for messages, "1 byte", "2 bytes".
std::string byte_count(std::uint64_t count);
/// Returns, for messages, what it means that the uncompressed file has this size.
std::string wrong_size_hint(const IdxHeader& header, std::uint64_t file_bytes);

}  // namespace trp
