#pragma once

#include <string>
#include <vector>

namespace trp {

using Cells = std::vector<std::string>;

/// Rows of equally many cells as lines of a terminal, in columns with two spaces between: the first
/// one aligned to the left, the others to the right.
std::vector<std::string> table_lines(const std::vector<Cells>& rows);

/// The same as a table of Markdown, of which the first row is the header.
std::string markdown_table(const std::vector<Cells>& rows);

}  // namespace trp
