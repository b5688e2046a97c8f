#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace trp {

/// The first bytes of a checkpoint in the format before this one.
inline constexpr std::string_view kOldCheckpointStart = "trp-ckpt";
inline constexpr std::string_view kOldCheckpointHint =
    "this is a checkpoint of an older version, whose format is no longer read: finish the run, or "
    "export its network, with the version that wrote it";

/// What foreign_format_hint() says of text.
inline constexpr std::string_view kTextHint =
    "this is text, such as CSV: convert it into IDX files";

/// Returns what a file that is not an IDX file seems to be, by its first bytes, and what to do
/// about it.
std::string_view foreign_format_hint(std::span<const std::uint8_t> head);

/// Returns the same for a file that is not a model.
std::string_view foreign_model_hint(std::span<const std::uint8_t> head);

}  // namespace trp
