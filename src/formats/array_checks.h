#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/text.h"
#include "trp/tensor.h"

namespace trp {

inline constexpr std::string_view kDamagedHint =
    "hint: the file is damaged, fetch or copy it again";

/// Throws Error unless an array of floats of this shape takes so many bytes.
void check_data_size(std::span<const Index> shape, std::uint64_t bytes, const std::string& array,
                     const std::string& file);

}  // namespace trp
