#include "report/lab.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "report/json.h"
#include "report/table.h"
#include "system/terminal.h"

namespace trp {
namespace {

struct CellToJson {
  Json operator()(const std::string& text) const { return text; }
  Json operator()(double value) const { return value; }
  Json operator()(const WorkersCell& workers) const { return workers.count; }
  Json operator()(const Spread& spread) const {
    return {{"median", spread.median}, {"lower", spread.lower}, {"upper", spread.upper}};
  }
};

struct CellToText {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(double value) const { return short_number(value); }
  std::string operator()(const WorkersCell& workers) const {
    return fmt::format("{}{}", workers.count, workers.beyond_cpus ? "*" : "");
  }
  std::string operator()(const Spread& spread) const {
    return fmt::format("{} ({}–{})", short_number(spread.median), short_number(spread.lower),
                       short_number(spread.upper));
  }
};

std::string under_label(std::string_view label, std::string_view text) {
  return labelled(label, 10, text, 80);
}

void write_table(LineWriter& out, const Table& table, int cpus) {
  std::vector<Cells> rows = {table.columns};
  bool beyond_cpus = false;
  for (const auto& row : table.rows) {
    rows.emplace_back();
    for (const Cell& cell : row) {
      rows.back().push_back(std::visit(CellToText(), cell));
      const auto* workers = std::get_if<WorkersCell>(&cell);
      beyond_cpus |= workers && workers->beyond_cpus;
    }
  }
  for (const std::string& line : table_lines(rows)) out.write_line("  " + line);
  if (beyond_cpus) out.write_line(fmt::format("  * more workers than CPUs ({})", cpus));
}

}  // namespace

void write_lab_list(LineWriter& out) {
  for (const Experiment* experiment : experiments()) {
    std::string text = fmt::format("{:<14}  {}\n", experiment->name, experiment->title);
    text += under_label("", experiment->claim);
    out.write_line(text);
  }
}

void write_lab_start_text(LineWriter& out, const LabStart& start) {
  out.write_line(under_label("machine", machine_text(start.environment)));
  out.write_line(under_label("data", start.data));
  out.write_line(under_label("numbers", start.quick
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
  out.write_line(under_label("claim", experiment.claim));
  write_table(out, make_table(experiment, race), race.cpus);
  out.write_line(under_label(
      "results", race.correct ? "checked another way before they were timed: right"
                              : "WRONG when checked another way: what was timed is of no "
                                "use"));
  out.write_line(paint(color, verdict.holds ? good : bad, under_label("verdict", verdict.text)));
  out.write_line(under_label("take away", experiment.takeaway));
}

void write_lab_start_json(LineWriter& out, const LabStart& start) {
  Json object = document_of("lab", start.environment);
  object.update({{"data", start.data}, {"quick", start.quick}});
  out.write_line(to_text(object));
}

void write_experiment_json(LineWriter& out, const Experiment& experiment, const Race& race) {
  const Table table = make_table(experiment, race);
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
