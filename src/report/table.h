#pragma once

#include <string>
#include <vector>

namespace trp {

using Cells = std::vector<std::string>;

/// Lays out rows of equally many cells as lines of a terminal, with two spaces between columns. The
/// first column is aligned to the left, the others to the right.
std::vector<std::string> table_lines(const std::vector<Cells>& rows);

/// Lays out the same rows as a table of Markdown, whose header is the first row.
std::string markdown_table(const std::vector<Cells>& rows);

}  // namespace trp
