#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace trp {

/// How many letters must be inserted, deleted, replaced or swapped with their neighbours to make
/// one word the other (the optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that the word was probably meant to be, if there is one.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean --epochs?", or nothing.
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

}  // namespace trp
