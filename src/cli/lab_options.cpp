#include "cli/lab_options.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "cli/common_options.h"
#include "cli/nearest.h"
#include "cli/option_makers.h"
#include "core/text.h"
#include "lab/experiment.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr std::array<Word<OutputFormat>, 2> kLabFormatWords = {{
    {"text", OutputFormat::kText},
    {"jsonl", OutputFormat::kJsonLines},
}};

void add_experiment(const std::string& word, std::vector<std::string>& chosen) {
  std::vector<std::string> names = {"all"};
  for (const Experiment* experiment : experiments()) names.emplace_back(experiment->name);
  if (std::ranges::find(names, word) == names.end()) {
    throw UsageError(fmt::format("unknown experiment {}{}; lab without arguments lists them all",
                                 in_quotes(word), suggestion(word, names)));
  }
  if (std::ranges::find(chosen, word) == chosen.end()) chosen.push_back(word);
}

}  // namespace

CommandSyntax lab_syntax(LabCommandOptions& options) {
  return {
      .usage = {"lab [EXPERIMENT...|all] [OPTIONS]"},
      .summary =
          "Measures on this machine what the guide teaches. Without arguments: lists the "
          "experiments.\n"
          "Each shows a table, what its numbers say of the claim here, and what to take away.\n",
      .positionals = {{.name = "EXPERIMENT",
                       .set = [&options](
                                  const std::string& word) { add_experiment(word, options.names); },
                       .required = false,
                       .repeated = true}},
      .groups =
          {{"Data",
            {text({.short_name = "-d",
                   .name = "data",
                   .value = "DIR",
                   .help =
                       "a folder with the four files of MNIST, plain or .gz\n"
                       "[env TENSOR_RELU_DATA; else ./data, data sets of the system, the sample]"},
                  options.data.directory)}},
           {"Measuring",
            {choice({.name = "quick", .help = "under 10 s for all: to see it work; rough numbers"},
                    options.quick, true, false),
             whole_number({.name = "seed", .value = "N", .help = "of weights and random changes"},
                          options.seed, 0, std::numeric_limits<std::uint64_t>::max())}},
           {"Output",
            {one_of({.name = "format", .value = "WORD", .help = "of standard output"},
                    options.format, kLabFormatWords),
             color_option(options.color)}},
           {"About", {help_option(), version_option()}}},
      .closing =
          "\nExit codes: 0 done, 1 failed or a result was wrong, 2 wrong usage\n"
          "Examples\n"
          "  tensor_relu_parallel lab samples accumulate\n"
          "  tensor_relu_parallel lab all --format jsonl | jq -r 'select(.verdict) | .verdict'\n"};
}

}  // namespace trp
