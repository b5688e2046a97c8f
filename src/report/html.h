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

// What charts are drawn of. Positions and sizes are in units of a figure, of which kFigureWidth are
// as wide as a column of the page. Texts, classes of the page's style and tips are no SVG yet.

inline constexpr double kFigureWidth = 480;

/// Returns about how wide a text is in most fonts.
double text_width(std::string_view text);

/// Draws a text from x, to x or around it, as its class says. One without room, such as a name from
/// a file, is cut off, made to fit in any font, and has a tip.
std::string text_at(double x, double y, std::string_view css_class, std::string_view text,
                    double room = kFigureWidth);

std::string line_from(double x1, double y1, double x2, double y2, std::string_view css_class);

// A point, and a bar or a cell, which tell by a tip what they stand for.

std::string dot(double x, double y, std::string_view css_class, std::string_view tip);
std::string box(double x, double y, double width, double height, std::string_view attributes,
                std::string_view tip);

/// Returns the drawing as a figure under its title, and below it, folded away, the numbers that it
/// shows; the table tells what the description leaves open.
std::string svg_figure(const std::string& title, const std::string& description, double height,
                       std::string_view drawing, const std::vector<Cells>& rows);

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
