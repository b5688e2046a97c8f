#include "report/lab.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/nearest.h"
#include "cli/recipe_options.h"
#include "cli/values.h"
#include "core/fail.h"
#include "core/text.h"
#include "lab/experiment.h"
#include "nn/kernels.h"
#include "report/environment.h"
#include "system/cpu.h"
#include "system/line_writer.h"
#include "system/terminal.h"
#include "trp/dataset.h"

namespace trp {
namespace {

constexpr std::array<Word<OutputFormat>, 2> kLabFormatWords = {{
    {"text", OutputFormat::kText},
    {"jsonl", OutputFormat::kJsonLines},
}};

std::string experiment_name(const std::string& word) {
  std::vector<std::string> names = {"all"};
  for (const Experiment* experiment : experiments()) names.emplace_back(experiment->name);
  if (std::ranges::find(names, word) != names.end()) return word;
  fail_usage("unknown experiment {}{}; lab without arguments lists them all", in_quotes(word),
             suggestion(word, names));
}

std::vector<const Experiment*> chosen_experiments(const std::vector<std::string>& names) {
  const auto all = experiments();
  if (std::ranges::find(names, "all") != names.end()) return {all.begin(), all.end()};
  std::vector<const Experiment*> chosen;
  for (const std::string& name : names) {
    const Experiment* experiment = find_experiment(name);
    if (std::ranges::find(chosen, experiment) == chosen.end()) chosen.push_back(experiment);
  }
  return chosen;
}

}  // namespace

CLI::App& add_lab(CLI::App& app, LabOptions& options) {
  CLI::App& command =
      *app.add_subcommand("lab",
                          "Measures on this machine what the guide teaches.\n"
                          "Without arguments it lists the experiments; all stands for all of them. "
                          "Each shows a table,\n"
                          "what its numbers say of the claim here, and what to take away.");
  command.add_option("EXPERIMENT", options.names)->transform(rewriting(experiment_name));
  add_data_folder(command, options.data);
  command.option_defaults()->group("Measuring");
  command.add_flag("--quick", options.quick, "under 10 s for all: to see it work; rough numbers");
  command.add_option("--seed", options.seed, "of weights and random changes")
      ->transform(whole_number<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()));
  command.option_defaults()->group(kOutputGroup);
  add_word(command, "--format", options.format, kLabFormatWords, "of standard output");
  add_color(command, options.color);
  command.footer(
      "\nExit codes: 0 done, 1 failed or a result was wrong, 2 wrong usage\n"
      "Examples\n"
      "  tensor_relu_parallel lab samples accumulate\n"
      "  tensor_relu_parallel lab all --format jsonl | jq -r 'select(.verdict) | .verdict'\n");
  return command;
}

int run_lab(const LabOptions& options) {
  LineWriter out = standard_output();
  if (options.names.empty()) {
    write_lab_list(out);
    return kExitDone;
  }
  const DataSets data = load_data(find_named_data(options.data), kMaxClasses);
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
    const Race race = run_experiment(*experiment, context);
    if (as_text) {
      write_experiment_text(out, *experiment, race, color);
    } else {
      write_experiment_json(out, *experiment, race);
    }
    if (!race.correct) wrong += fmt::format("{}{}", wrong.empty() ? "" : ", ", experiment->name);
  }
  if (wrong.empty()) return kExitDone;
  fail("{}: the results were not what another way of computing them gives", wrong);
}

}  // namespace trp
