#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/table.h"

namespace trp {

/// Returns the text as it may stand in HTML and SVG, between tags and in quoted attributes: nothing
/// in it is markup, and what cannot be printed is escaped as printable() does.
std::string escaped(std::string_view text);

/// Returns the bytes in base64 (RFC 4648), with padding.
std::string base64(std::span<const std::uint8_t> bytes);

// Parts of a page; titles and texts are no HTML yet, all else is.

/// A table whose header is the first row.
std::string html_table(const std::vector<Cells>& rows);

/// A title, a sentence, which may be empty, and figures, beside one another where there is room.
std::string page_section(std::string_view title, std::string_view lead, std::string_view figures);

/// What stands above the sections; all of it is text.
struct PageHead {
  std::string command;         // "train"
  std::string title;           // the result in a line
  std::vector<Cells> figures;  // what matters most: a name and a number with its unit
  std::vector<Cells> facts;    // how it was made: a name and a text
};

/// How every page begins, by which it is recognised.
inline constexpr std::string_view kPageStart =
    "<!DOCTYPE html>\n<!-- a report of tensor_relu_parallel -->\n";

/// Returns a page that is complete in itself. Its content security policy allows the style, the
/// script and the images that are in it, and nothing else.
std::string html_page(const PageHead& head, std::string_view sections);

}  // namespace trp
