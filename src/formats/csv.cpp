#include "formats/csv.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/fail.h"
#include "core/text.h"
#include "formats/byte_source.h"

namespace trp {
namespace {

using Fields = std::vector<std::string_view>;

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;  // at a time
constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;
constexpr Index kMinImageSide = 8;  // of a square: fewer columns are hardly an image's pixels

/// Reads the lines of a table one by one and takes them to pieces.
class LineReader {
 public:
  explicit LineReader(const std::string& path) : source_(path) {}

  /// Reads the fields of the next line, which are valid until the line after it is read. Returns
  /// false at the end of the file.
  bool read(Fields& fields) {
    const std::size_t end = find_line_end();
    if (end == begin_) return false;
    std::string_view line(&buffer_[begin_], end - begin_);
    begin_ = end;
    if (++number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    for (const char last : {'\n', '\r'})
      if (line.ends_with(last)) line.remove_suffix(1);
    if (const auto at = line.find_first_of(",;\t"); number_ == 1 && at != line.npos)
      separator_ = line[at];
    if (line.empty()) fail("{}: expected fields, found an empty line; hint: remove it", place());
    split(line, fields);
    return true;
  }

  /// Returns "FILE: line 7".
  std::string place() const { return fmt::format("{}: line {}", source_.name(), number_); }

 private:
  /// Returns where the line after this one begins.
  std::size_t find_line_end() {
    for (std::size_t searched = begin_;;) {
      const std::size_t end = buffer_.find('\n', searched);
      if (end != std::string::npos) return end + 1;
      if (has_ended_) return buffer_.size();
      buffer_.erase(0, begin_);
      begin_ = 0;
      searched = buffer_.size();
      if (searched > kMaxLineBytes)
        fail("{}: line {} has more than {} bytes; hint: is it a table?", source_.name(),
             number_ + 1, kMaxLineBytes);
      buffer_.resize(searched + kBlockBytes);
      const auto got =
          source_.read(reinterpret_cast<std::uint8_t*>(&buffer_[searched]), kBlockBytes);
      buffer_.resize(searched + got);
      has_ended_ = got < kBlockBytes;
      if (has_ended_) source_.expect_end();
    }
  }

  void split(std::string_view line, Fields& fields) const {
    fields.clear();
    for (bool more = true; more;) {
      const bool is_quoted = line.starts_with('"');
      std::size_t end = is_quoted ? line.find('"', 1) : line.find(separator_);
      fields.push_back(line.substr(is_quoted, end - is_quoted));
      if (is_quoted) ++end;
      if (is_quoted && (end == 0 || (end < line.size() && line[end] != separator_)))
        fail("{}, column {}: expected one pair of double quotes around the field, found {}",
             place(), fields.size() - 1, in_quotes(line));
      more = end < line.size();
      if (more) line.remove_prefix(end + 1);
    }
    for (std::string_view& field : fields) {
      field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
      field = field.substr(0, field.find_last_not_of(' ') + 1);
    }
  }

  ByteSource source_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what has not been read yet
  bool has_ended_ = false;
  Index number_ = 0;
  char separator_ = ',';
};

std::size_t find_label_column(const Fields& first_line, const CsvForm& form,
                              const std::string& place) {
  const auto named = std::ranges::find(
      first_line, form.label_column.empty() ? std::string_view("label") : form.label_column);
  const auto column = static_cast<std::size_t>(named - first_line.begin());
  if (form.has_header && column < first_line.size()) return column;
  if (form.label_column.empty()) return 0;
  std::size_t number = 0;
  if (!read_whole(form.label_column, number) || number >= first_line.size())
    fail("{}: expected a column {}, found columns 0 to {}{}", place, in_quotes(form.label_column),
         first_line.size() - 1, form.has_header ? " without that name" : " without names");
  return number;
}

void append_sample(const Fields& fields, std::size_t label_column, const std::string& place,
                   IdxArray& samples) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i == label_column) continue;
    double value = 0;
    if (!read_whole(fields[i], value) || std::abs(value) > std::numeric_limits<float>::max()) {
      fail("{}, column {}: expected a number, found {}; hint: mend or remove the {}", place, i,
           in_quotes(fields[i]), fields[i].empty() ? "line, whose value is missing" : "line");
    }
    append_element(samples, value);
  }
}

std::vector<Index> shape_of(Index rows, Index columns) {
  const auto side = static_cast<Index>(std::lround(std::sqrt(columns)));
  if (side >= kMinImageSide && side * side == columns) return {rows, side, side};
  return {rows, columns};
}

}  // namespace

CsvTable read_csv(const std::string& path, const CsvForm& form) {
  LineReader lines(path);
  CsvTable table;
  Fields fields;
  bool is_there = lines.read(fields);
  if (!is_there) fail("{}: expected a table, found an empty file", path);
  const std::size_t columns = fields.size();
  if (columns < 2)
    fail("{}: expected a label and values with commas, semicolons or tabs between, found {}",
         lines.place(), in_quotes(fields[0]));
  const std::size_t label_column = find_label_column(fields, form, lines.place());
  if (form.has_header) {
    double ignored = 0;
    if (std::ranges::all_of(fields, [&](auto field) { return read_whole(field, ignored); }))
      fail(
          "{}: expected the names of the columns, found numbers; hint: say that there is no "
          "header",
          lines.place());
    table.columns.assign(fields.begin(), fields.end());
    is_there = lines.read(fields);
  }
  for (; is_there; is_there = lines.read(fields)) {
    if (fields.size() != columns)
      fail("{}: expected {} columns, as in line 1, found {}", lines.place(), columns,
           fields.size());
    append_sample(fields, label_column, lines.place(), table.samples);
    table.labels.emplace_back(fields[label_column]);
    if (table.labels.back().empty())
      fail("{}, column {}: expected a label, found none", lines.place(), label_column);
  }
  if (table.labels.empty()) fail("{}: expected samples, found a header only", path);
  const auto is_bit = [](std::uint8_t byte) { return byte <= 1; };
  if (std::ranges::all_of(table.samples.bytes, is_bit)) make_floats(table.samples);
  table.samples.shape = shape_of(std::ssize(table.labels), static_cast<Index>(columns) - 1);
  return table;
}

}  // namespace trp
