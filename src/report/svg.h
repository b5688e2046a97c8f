#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/table.h"

namespace trp {

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

}  // namespace trp
