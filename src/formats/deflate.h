#pragma once

#include <cstdint>

namespace trp {

/// How many times smaller deflate can make data: two bits can stand for 258 bytes, and no more.
inline constexpr std::uint64_t kDeflateRatio = 1032;

}  // namespace trp
