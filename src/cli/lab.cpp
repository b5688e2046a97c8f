#include "report/lab.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/nearest.h"
#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "cli/values.h"
#include "core/fail.h"
#include "core/text.h"
#include "measure/round_trip.h"
#include "system/cpu.h"
#include "system/outputs.h"
#include "system/stop_signals.h"

namespace trp {
namespace {

[[noreturn]] void fail_unknown(const std::string& name) {
  std::vector<std::string> names = {"all"};
  for (const Experiment* experiment : experiments()) names.emplace_back(experiment->name);
  fail_usage("unknown experiment {}{}; lab without arguments lists them all", in_quotes(name),
             suggestion(name, names));
}

std::vector<const Experiment*> chosen_experiments(const std::vector<std::string>& names) {
  std::vector<const Experiment*> chosen;
  const auto choose = [&chosen](const Experiment* experiment) {
    if (std::ranges::find(chosen, experiment) == chosen.end()) chosen.push_back(experiment);
  };
  for (const std::string& name : names) {
    if (name == "all") {
      std::ranges::for_each(experiments(), choose);
    } else if (const Experiment* experiment = find_experiment(name)) {
      choose(experiment);
    } else {
      fail_unknown(name);
    }
  }
  return chosen;
}

/// In ascending order, with one worker to compare others with.
std::vector<int> worker_counts(std::vector<int> counts) {
  if (std::ranges::find(counts, 1) == counts.end()) counts.push_back(1);
  std::ranges::sort(counts);
  if (counts.size() == 1)
    fail_usage("--workers 1: expected a larger number as well, which one worker is compared with");
  return counts;
}

}  // namespace

CLI::App& add_lab(CLI::App& app, LabOptions& options) {
  CLI::App& command =
      *app.add_subcommand("lab",
                          "Measures on this machine what the guide teaches.\n"
                          "Without arguments it lists the experiments; all stands for all of them. "
                          "Each shows a table,\n"
                          "what its numbers say of the claim here, and what to take away.");
  std::string names = "all";
  for (const Experiment* experiment : experiments()) names += fmt::format("|{}", experiment->name);
  command.add_option("EXPERIMENT", options.names, names + ": what is measured");
  add_data_folder(command, options.data);
  command.option_defaults()->group("Measuring");
  add_number_list(command, "-j,--workers,--threads", options.workers, kMaxWorkers,
                  "numbers of workers, where an experiment varies them");
  command.add_flag("--quick", options.quick, "under 12 s for all: to see it work; rough numbers");
  command.add_option("--seed", options.seed, "of weights and random changes")
      ->transform(whole_number<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()));
  add_report(command, options.report);
  add_force(command, options.force);
  add_format(command, options.format, {OutputFormat::kText, OutputFormat::kJsonLines});
  add_color(command, options.color);
  command.footer(
      " (1, too, when a result was wrong)\n"
      "Examples\n"
      "  tensor_relu_parallel lab samples accumulate\n"
      "  tensor_relu_parallel lab all --format jsonl | jq -r 'select(.verdict) | .verdict'\n");
  command.parse_complete_callback([&options] {
    chosen_experiments(options.names);
    options.workers = worker_counts(std::move(options.workers));
  });
  return command;
}

int run_lab(const LabOptions& options) {
  LineWriter out = standard_output();
  if (options.names.empty()) {
    write_lab_list(out);
    return kExitDone;
  }
  const auto chosen = chosen_experiments(options.names);
  std::optional<StopSignals> signals;  // for a page of what there is; else they end the program
  if (!options.report.empty()) signals.emplace();
  const auto signal = [&signals] { return signals ? signals->received() : 0; };
  const DataFiles files = find_named_data(options.data);
  Outputs outputs =
      claim_outputs(named_inputs(files), {{"--report", options.report, is_report}}, options.force);
  const DataSets data = load_data(files, kMaxClasses);
  const LabContext context = {.data = data,
                              .cpus = available_cpus(),
                              .quick = options.quick,
                              .seed = options.seed,
                              .worker_counts = options.workers};
  LabStart start = {.environment = this_environment(), .data = data.source, .quick = options.quick};
  start.environment.round_trip_ns = cache_line_round_trip_ns();
  const bool as_text = options.format == OutputFormat::kText;
  const bool color = use_color(options.color, STDOUT_FILENO);
  if (as_text) {
    write_lab_start_text(out, start);
  } else {
    write_lab_start_json(out, start);
  }
  std::string wrong, sections;
  for (const Experiment* experiment : chosen) {
    if (signal() != 0) break;
    const Race race = run_experiment(*experiment, context);
    if (as_text) {
      write_experiment_text(out, *experiment, race, color);
    } else {
      write_experiment_json(out, *experiment, race);
    }
    if (!outputs.empty()) sections += experiment_section(*experiment, race);
    if (!race.correct) wrong += fmt::format("{}{}", wrong.empty() ? "" : ", ", experiment->name);
  }
  if (!sections.empty()) outputs.at("--report").replace(lab_page(start, sections, command_line()));
  if (wrong.empty()) return signal() == 0 ? kExitDone : kExitSignalBase + signal();
  fail("{}: the results were not what another way of computing them gives", wrong);
}

}  // namespace trp
