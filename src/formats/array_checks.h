#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "trp/tensor.h"

namespace trp {

inline constexpr std::string_view kDamagedHint =
    "hint: the file is damaged, fetch or copy it again";

/// For messages: a text from a file, in quotes, unprintable characters escaped, its end left out
/// when long.
std::string quote(std::string_view text);

/// Throws Error unless an array of floats of this shape takes so many bytes.
void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file);

}  // namespace trp
