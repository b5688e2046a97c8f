#pragma once

#include <string>
#include <vector>

#include "formats/idx.h"

namespace trp {

/// How a table is to be read.
struct CsvForm {
  std::string label_column;  // its number, from 0, or its name; empty: "label", else the first
  bool has_header = true;    // the first line holds the names of the columns
};

/// A sample and its label stand in each line of a table.
struct CsvTable {
  IdxArray samples;  // square images where there are as many columns, else of rank 2
  std::vector<std::string> labels;
  std::vector<std::string> columns;  // their names; none without a header
};

/// Reads a table, plain or gzip, with commas, semicolons or tabs between its columns; a field may
/// stand in double quotes. Samples whose values all are whole numbers from 0 to 255, but not all 0
/// and 1, are bytes, others floats.
///
/// Throws Error, which names the file, the line and the column, for anything but a table of finite
/// numbers, as many in each line.
CsvTable read_csv(const std::string& path, const CsvForm& form);

}  // namespace trp
