#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace trp {

/// What a file that is not an IDX file seems to be, by its first bytes, and what to do about it.
std::string_view foreign_format_hint(std::span<const std::uint8_t> head);

/// The same for a file that is not a model.
std::string_view foreign_model_hint(std::span<const std::uint8_t> head);

}  // namespace trp
