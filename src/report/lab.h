#pragma once

#include <string>
#include <string_view>

#include "lab/experiment.h"
#include "report/environment.h"
#include "system/line_writer.h"

namespace trp {

/// What is reported before the first experiment.
struct LabStart {
  Environment environment;
  std::string data;  // where the data came from, for people
  bool quick = false;
};

/// Names and claims of all experiments, for people.
void write_lab_list(LineWriter& out);

void write_lab_start_text(LineWriter& out, const LabStart& start);
void write_experiment_text(LineWriter& out, const Experiment& experiment, const Race& race,
                           bool color);

// The same as JSON objects, one per line (README.md lists the fields). A measured cell is an
// object with median, lower and upper quartile; one that does not apply is an empty string.

void write_lab_start_json(LineWriter& out, const LabStart& start);
void write_experiment_json(LineWriter& out, const Experiment& experiment, const Race& race);

/// Returns what a page tells of an experiment, in HTML, and the page of such sections.
std::string experiment_section(const Experiment& experiment, const Race& race);
std::string lab_page(const LabStart& start, std::string_view sections, const std::string& command);

}  // namespace trp
