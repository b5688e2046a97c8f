#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/common_options.h"
#include "lab/experiment.h"
#include "report/environment.h"
#include "report/lab.h"
#include "system/cpu.h"
#include "system/terminal.h"
#include "trp/dataset.h"
#include "trp/error.h"

namespace trp {
namespace {

std::vector<const Experiment*> chosen_experiments(const std::vector<std::string>& names) {
  const auto all = experiments();
  if (std::ranges::find(names, "all") != names.end()) return {all.begin(), all.end()};
  std::vector<const Experiment*> chosen;
  for (const std::string& name : names) chosen.push_back(find_experiment(name));
  return chosen;
}

}  // namespace

int run_lab(const LabCommandOptions& options) {
  LineWriter out(STDOUT_FILENO, "standard output");
  if (options.names.empty()) {
    write_lab_list(out);
    return kExitDone;
  }
  const DataSets data = load_data(find_data(options.data), kMaxClasses);
  const LabContext context = {
      .data = data, .cpus = available_cpus(), .quick = options.quick, .seed = options.seed};
  const LabStart start = {
      .environment = this_environment(), .data = data.source, .quick = options.quick};
  const bool as_text = options.format == OutputFormat::kText;
  const bool color = use_color(options.color, STDOUT_FILENO);
  if (as_text) {
    write_lab_start_text(out, start);
  } else {
    write_lab_start_json(out, start);
  }
  std::string wrong;
  for (const Experiment* experiment : chosen_experiments(options.names)) {
    const Findings findings = experiment->run(context);
    if (as_text) {
      write_experiment_text(out, *experiment, findings, color);
    } else {
      write_experiment_json(out, *experiment, findings);
    }
    if (!findings.correct)
      wrong += fmt::format("{}{}", wrong.empty() ? "" : ", ", experiment->name);
  }
  if (wrong.empty()) return kExitDone;
  throw Error(
      fmt::format("{}: the results were not what another way of computing them gives", wrong));
}

}  // namespace trp
