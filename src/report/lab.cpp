#include "report/lab.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/json.h"
#include "report/numbers.h"
#include "system/terminal.h"

namespace trp {
namespace {

constexpr std::size_t kLineWidth = 100;
constexpr std::size_t kLabelWidth = 10;

struct CellToJson {
  Json operator()(const std::string& text) const { return text; }
  Json operator()(double value) const { return value; }
  Json operator()(const Spread& spread) const {
    return {{"median", spread.median}, {"lower", spread.lower}, {"upper", spread.upper}};
  }
};

struct CellToText {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(double value) const { return short_number(value); }
  std::string operator()(const Spread& spread) const {
    return fmt::format("{} ({}–{})", short_number(spread.median), short_number(spread.lower),
                       short_number(spread.upper));
  }
};

std::string to_text(const Cell& cell) { return std::visit(CellToText(), cell); }

/// In columns of a terminal: bytes that continue a UTF-8 character take none.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// "label     text", the text broken at spaces.
std::string labelled(std::string_view label, std::string_view text) {
  std::string result = fmt::format("{:<{}}", label, kLabelWidth);
  std::size_t column = kLabelWidth;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!first && column + 1 + width_of(word) > kLineWidth) {
      result += fmt::format("\n{:{}}", "", kLabelWidth);
      column = kLabelWidth;
      first = true;
    }
    result += first ? "" : " ";
    result += word;
    column += (first ? 0 : 1) + width_of(word);
    first = false;
  }
  return result;
}

/// Text to the left, numbers to the right.
std::string table_text(const Table& table) {
  std::vector<std::vector<std::string>> lines = {table.columns};
  std::vector<bool> is_number(table.columns.size(), false);
  for (const auto& row : table.rows) {
    lines.emplace_back();
    for (std::size_t c = 0; c < row.size(); ++c) {
      lines.back().push_back(to_text(row[c]));
      if (!std::holds_alternative<std::string>(row[c])) is_number[c] = true;
    }
  }
  std::vector<std::size_t> widths(table.columns.size(), 0);
  for (const auto& line : lines)
    for (std::size_t c = 0; c < line.size(); ++c)
      widths[c] = std::max(widths[c], width_of(line[c]));

  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string padding(widths[c] - width_of(line[c]), ' ');
      row += "  ";
      row += is_number[c] ? padding + line[c] : line[c] + padding;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += fmt::format("{}{}", text.empty() ? "" : "\n", row);
  }
  return text;
}

}  // namespace

void write_lab_list(LineWriter& out) {
  for (const Experiment* experiment : experiments()) {
    std::string text = fmt::format("{:<14}  {}\n", experiment->name, experiment->title);
    text += labelled("", experiment->claim);
    out.write_line(text);
  }
}

void write_lab_start_text(LineWriter& out, const LabStart& start) {
  out.write_line(labelled("machine", machine_text(start.environment)));
  out.write_line(labelled("data", start.data));
  out.write_line(labelled("numbers", start.quick
                                         ? "medians (quartiles) of runs in turn; quick, so rough"
                                         : "medians (quartiles) of runs in turn"));
}

void write_experiment_text(LineWriter& out, const Experiment& experiment, const Race& race,
                           bool color) {
  const auto good = fmt::fg(fmt::terminal_color::green);
  const auto bad = fmt::fg(fmt::terminal_color::yellow);
  const Verdict verdict = experiment.verdict(race);
  out.write_line("");
  out.write_line(
      paint(color, fmt::emphasis::bold, fmt::format("{}: {}", experiment.name, experiment.title)));
  out.write_line(labelled("claim", experiment.claim));
  out.write_line(table_text(experiment.table(race)));
  out.write_line(
      labelled("results", race.correct ? "checked another way before they were timed: right"
                                       : "WRONG when checked another way: what was timed is of no "
                                         "use"));
  out.write_line(paint(color, verdict.holds ? good : bad, labelled("verdict", verdict.text)));
  out.write_line(labelled("take away", experiment.takeaway));
}

void write_lab_start_json(LineWriter& out, const LabStart& start) {
  Json object = document_of("lab", start.environment);
  object.update({{"data", start.data}, {"quick", start.quick}});
  out.write_line(to_text(object));
}

void write_experiment_json(LineWriter& out, const Experiment& experiment, const Race& race) {
  const Table table = experiment.table(race);
  const Verdict verdict = experiment.verdict(race);
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (const Cell& cell : row) cells.push_back(std::visit(CellToJson(), cell));
    rows.push_back(std::move(cells));
  }
  out.write_line(to_text({{"event", "experiment"},
                          {"name", experiment.name},
                          {"title", experiment.title},
                          {"claim", experiment.claim},
                          {"columns", table.columns},
                          {"rows", rows},
                          {"correct", race.correct},
                          {"holds", verdict.holds},
                          {"verdict", verdict.text},
                          {"takeaway", experiment.takeaway}}));
}

}  // namespace trp
