#include "report/svg.h"

#include <fmt/format.h>

#include "report/html.h"

namespace trp {

double text_width(std::string_view text) {
  constexpr double kNarrow = 6.7, kCapital = 9, kWide = 13;
  double width = 0;
  for (const char c : text) {
    const bool is_wide = static_cast<unsigned char>(c) >= 0xE3;  // begins U+3000 or above
    if (begins_character(c)) width += is_wide ? kWide : 'A' <= c && c <= 'Z' ? kCapital : kNarrow;
  }
  return width;
}

std::string text_at(double x, double y, std::string_view css_class, std::string_view text,
                    double room) {
  constexpr double kEllipsis = 12;
  std::string content = escaped(text), length;
  constexpr double kRounding = 0.01;  // of a room that was made as wide as the text
  if (text_width(text) > room + kRounding) {
    std::string_view start = text;
    while (!start.empty() &&
           (text_width(start) + kEllipsis > room || !begins_character(text[start.size()])))
      start.remove_suffix(1);
    content = fmt::format("<title>{}</title>{}…", content, escaped(start));
    length = fmt::format(" textLength=\"{:.1f}\" lengthAdjust=\"spacingAndGlyphs\"", room);
  }
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\"{}>{}</text>\n", x, y, css_class,
                     length, content);
}

std::string line_from(double x1, double y1, double x2, double y2, std::string_view css_class) {
  return fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", css_class, x1, y1,
                     x2, y2);
}

std::string dot(double x, double y, std::string_view css_class, std::string_view tip) {
  return fmt::format(
      "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" class=\"{}\"><title>{}</title></circle>\n", x, y,
      css_class, escaped(tip));
}

std::string box(double x, double y, double width, double height, std::string_view attributes,
                std::string_view tip) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" {}><title>{}</title>"
      "</rect>\n",
      x, y, width, height, attributes, escaped(tip));
}

std::string svg_figure(const std::string& title, const std::string& description, double height,
                       std::string_view drawing, const std::vector<Cells>& rows) {
  return fmt::format(
      "<figure>\n<figcaption>{0}</figcaption>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {1} {2:.0f}\">\n"
      "<title>{0}</title>\n<desc>{3}</desc>\n{4}</svg>\n"
      "<details><summary>Numbers</summary>\n{5}</details>\n</figure>\n",
      escaped(title), kFigureWidth, height, escaped(description), drawing, html_table(rows));
}

}  // namespace trp
