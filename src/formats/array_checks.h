#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "trp/error.h"
#include "trp/tensor.h"

namespace trp {

inline constexpr std::string_view kDamagedHint =
    "hint: the file is damaged, fetch or copy it again";

/// Returns the bytes as text.
inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Returns the error of a file, or a place in one, that is not as it was written: "WHERE: expected
/// EXPECTED, found FOUND; hint: the file is damaged, …".
Error damaged(std::string_view where, std::string_view expected, std::string_view found);

/// Throws Error unless an array of floats of this shape takes so many bytes.
void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file);

}  // namespace trp
