#include "report/html.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/text.h"
#include "report/page_files.h"

namespace trp {
namespace {

/// The source by which a content security policy allows a text.
std::string policy_source(std::string_view sha256_hex) {
  std::array<std::uint8_t, 32> digest = {};
  for (std::size_t i = 0; i < digest.size(); ++i)
    std::from_chars(&sha256_hex[2 * i], &sha256_hex[2 * i] + 2, digest[i], 16);
  return fmt::format("'sha256-{}'", base64(digest));
}

std::string definition_list(std::string_view css_class, const std::vector<Cells>& pairs) {
  std::string html = fmt::format("<dl class=\"{}\">\n", css_class);
  for (const Cells& pair : pairs)
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(pair[0]), escaped(pair[1]));
  return html + "</dl>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr std::string_view kMarkup = "&<>\"'";
  std::string html;
  for (const char c : printable(text))
    html += kMarkup.find(c) < kMarkup.size() ? fmt::format("&#{};", int{c}) : std::string(1, c);
  return html;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return i + k < bytes.size() ? bytes[i + k] : 0U; };
    const std::uint32_t group = byte(0) << 16U | byte(1) << 8U | byte(2);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

std::string html_table(const std::vector<Cells>& rows) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead>";
  for (const Cells& row : rows) {
    const bool is_header = &row == &rows.front();
    html += "<tr>";
    for (const std::string& cell : row) {
      const bool is_first = &cell == &row.front();
      html += is_header ? "<th scope=\"col\">" : is_first ? "<th scope=\"row\">" : "<td>";
      html += escaped(cell) + (is_header || is_first ? "</th>" : "</td>");
    }
    html += is_header ? "</tr></thead><tbody>\n" : "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string page_section(std::string_view title, std::string_view lead, std::string_view figures) {
  return fmt::format(
      "<section>\n<h2>{}</h2>\n<p>{}</p>\n<div class=\"figures\">\n{}</div>\n</section>\n",
      escaped(title), escaped(lead), figures);
}

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

std::string html_page(const PageHead& head, std::string_view sections) {
  return fmt::format(
      "{}<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; "
      "script-src {}; img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n"
      "<p>tensor_relu_parallel {}</p>\n<h1>{}</h1>\n{}{}{}</main>\n<script>{}</script>\n"
      "</body>\n</html>\n",
      kPageStart, policy_source(kStyleSha256), policy_source(kScriptSha256), escaped(head.title),
      kStyle, escaped(head.command), escaped(head.title), definition_list("numbers", head.figures),
      definition_list("facts", head.facts), sections, kScript);
}

}  // namespace trp
