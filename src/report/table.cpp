#include "report/table.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace trp {
namespace {

std::string padded(const std::string& text, std::size_t columns, bool left) {
  const std::string space(columns - std::min(columns, columns_of(text)), ' ');
  return left ? text + space : space + text;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::vector<std::string> table_lines(const std::vector<Cells>& rows) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const Cells& cells : rows)
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(cells[i]));
  std::vector<std::string> lines;
  for (const Cells& cells : rows) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i)
      line += fmt::format("{}{}", i == 0 ? "" : "  ", padded(cells[i], widths[i], i == 0));
    lines.push_back(line.substr(0, line.find_last_not_of(' ') + 1));
  }
  return lines;
}

std::string labelled(std::string_view label, std::size_t column, std::string_view text,
                     std::size_t width) {
  std::string result = padded(std::string(label), column, true);
  std::size_t filled = columns_of(result);
  std::string_view space;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!space.empty() && filled + 1 + columns_of(word) > width) {
      result += '\n' + std::string(column, ' ');
      filled = column;
      space = {};
    }
    result += space;
    result += word;
    filled += space.size() + columns_of(word);
    space = " ";
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return result;
}

std::string markdown_table(const std::vector<Cells>& rows) {
  std::string text;
  for (const Cells& cells : rows) {
    text += fmt::format("| {} |\n", fmt::join(cells, " | "));
    if (&cells != &rows.front()) continue;
    for (std::size_t i = 0; i < cells.size(); ++i) text += i == 0 ? "|:--|" : "--:|";
    text += '\n';
  }
  return text;
}

}  // namespace trp
