#pragma once

#include <cstdint>

namespace trp {

/// Deflate makes data at most so many times smaller: two bits can stand for 258 bytes, and no more.
inline constexpr std::uint64_t kDeflateRatio = 1032;

}  // namespace trp
