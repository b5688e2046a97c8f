#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trp {

using Cells = std::vector<std::string>;

/// Whether a byte of UTF-8 begins a character.
inline bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// Returns how many columns of a terminal UTF-8 text takes that has no wide characters.
std::size_t columns_of(std::string_view text);

/// Lays out rows of equally many cells as lines of a terminal, with two spaces between columns. The
/// first column is aligned to the left, the others to the right.
std::vector<std::string> table_lines(const std::vector<Cells>& rows);

/// Returns the label and then, from that column on, the text, broken at spaces into lines of at
/// most `width` columns.
std::string labelled(std::string_view label, std::size_t column, std::string_view text,
                     std::size_t width);

/// Lays out the same rows as a table of Markdown, whose header is the first row.
std::string markdown_table(const std::vector<Cells>& rows);

}  // namespace trp
