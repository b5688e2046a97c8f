#include "report/lab.h"

#include <algorithm>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "core/text.h"
#include "measure/certainty.h"
#include "report/json.h"
#include "report/table.h"
#include "system/terminal.h"

namespace trp {
namespace {

constexpr std::size_t kLabelColumns = 10;
constexpr std::size_t kNameColumns = 17;  // in the list
constexpr std::size_t kMaxColumns = 80;

struct CellToJson {
  Json operator()(const std::string& text) const { return text; }
  Json operator()(int value) const { return value; }
  Json operator()(double value) const { return value; }
  Json operator()(const Spread& spread) const {
    return {{"median", spread.median}, {"lower", spread.lower}, {"upper", spread.upper}};
  }
};

std::string spread_text(const Spread& spread) {
  return fmt::format("{} ({}–{})", short_number(spread.median), short_number(spread.lower),
                     short_number(spread.upper));
}

struct CellToText {
  int cpus;  // more workers than these have a star
  bool with_quartiles;

  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(int workers) const {
    return fmt::format("{}{}", workers, workers > cpus ? "*" : "");
  }
  std::string operator()(double value) const { return short_number(value); }
  std::string operator()(const Spread& spread) const {
    return with_quartiles ? spread_text(spread) : short_number(spread.median);
  }
};

std::string under_label(std::string_view label, std::string_view text) {
  return labelled(label, kLabelColumns, text, kMaxColumns);
}

/// The quartiles of the first columns are left out where a terminal has no room for them.
std::vector<std::string> lines_of(const Table& table, int cpus) {
  std::vector<std::string> lines;
  for (std::size_t first = 0; first <= table.columns.size(); ++first) {
    std::vector<Cells> rows = {table.columns};
    for (const auto& row : table.rows) {
      rows.emplace_back();
      for (std::size_t column = 0; column < row.size(); ++column)
        rows.back().push_back(std::visit(CellToText{cpus, column >= first}, row[column]));
    }
    lines = table_lines(rows);
    if (std::ranges::all_of(lines, [](auto& line) { return columns_of(line) <= kMaxColumns - 2; }))
      break;
  }
  return lines;
}

}  // namespace

void write_lab_list(LineWriter& out) {
  for (const Experiment* experiment : experiments()) {
    const auto write = [&out](std::string_view label, std::string_view text) {
      if (!text.empty()) out.write_line(labelled(label, kNameColumns, text, kMaxColumns));
    };
    write(experiment->name, heading_of(*experiment));
    write("", experiment->claim);
    write("  in earnest", experiment->in_earnest);
    write("  guide's error", experiment->correction);
  }
}

void write_lab_start_text(LineWriter& out, const LabStart& start) {
  out.write_line(under_label("machine", machine_text(start.environment)));
  out.write_line(under_label("data", printable(start.data)));
  out.write_line(under_label("numbers", start.quick
                                            ? "medians (quartiles) of runs in turn; quick, so rough"
                                            : "medians (quartiles) of runs in turn"));
}

void write_experiment_text(LineWriter& out, const Experiment& experiment, const Race& race,
                           bool color) {
  const auto good = fmt::fg(fmt::terminal_color::green);
  const auto bad = fmt::fg(fmt::terminal_color::yellow);
  const Verdict verdict = judge(experiment, race);
  const Table table = make_table(experiment, race);
  out.write_line("");
  out.write_line(paint(color, fmt::emphasis::bold,
                       fmt::format("{}: {}", experiment.name, heading_of(experiment))));
  out.write_line(under_label("claim", experiment.claim));
  for (const std::string& line : lines_of(table, race.cpus)) out.write_line("  " + line);
  if (exceeds_cpus(race)) out.write_line(fmt::format("  * more workers than CPUs ({})", race.cpus));
  out.write_line(under_label(
      "results", race.correct ? "checked another way before they were timed: right"
                              : "WRONG when checked another way: what was timed is of no "
                                "use"));
  const double lost = lost_share(race.contenders);
  if (lost >= kMaxLostShare)
    out.write_line(under_label(
        "others",
        fmt::format("CPU taken by other programs: up to {:.0f} % of the time", 100 * lost)));
  out.write_line(paint(color, verdict.holds ? good : bad, under_label("verdict", verdict.text)));
  out.write_line(under_label("take away", experiment.takeaway));
}

void write_lab_start_json(LineWriter& out, const LabStart& start) {
  Json object = document_of("lab", start.environment);
  object.update({{"round_trip_ns", value_to_json(start.environment.round_trip_ns)},
                 {"data", start.data},
                 {"quick", start.quick}});
  out.write_line(json_text(object));
}

void write_experiment_json(LineWriter& out, const Experiment& experiment, const Race& race) {
  const Table table = make_table(experiment, race);
  const Verdict verdict = judge(experiment, race);
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (const Cell& cell : row) cells.push_back(std::visit(CellToJson(), cell));
    rows.push_back(std::move(cells));
  }
  out.write_line(json_text({{"event", "experiment"},
                            {"name", experiment.name},
                            {"title", heading_of(experiment)},
                            {"claim", experiment.claim},
                            {"columns", table.columns},
                            {"rows", rows},
                            {"correct", race.correct},
                            {"lost_share", lost_share(race.contenders)},
                            {"holds", verdict.withheld ? Json() : Json(verdict.holds)},
                            {"verdict", verdict.text},
                            {"takeaway", experiment.takeaway}}));
}

}  // namespace trp
