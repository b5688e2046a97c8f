#include "cli/bench_options.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "cli/common_options.h"
#include "cli/option_makers.h"
#include "cli/train_options.h"

namespace trp {
namespace {

constexpr int kMostRuns = 10'000;
constexpr double kLargestSpeedup = 1e6;

/// Values with commas between, each read by parse(text), shown by show(value).
template <class Value, class Parse, class Show>
Option list_of(Option option, std::vector<Value>& target, const Parse& parse, const Show& show) {
  option.set = [&target, parse](const std::string& text) {
    std::vector<Value> values;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      const Value value = parse(text.substr(begin, end - begin));
      if (std::ranges::find(values, value) != values.end())
        throw_unexpected("each value once", text);
      values.push_back(value);
      begin = end + 1;
    }
    target = std::move(values);
  };
  option.get = [&target, show] {
    std::string text;
    for (const Value& value : target)
      text += fmt::format("{}{}", text.empty() ? "" : ",", show(value));
    return text;
  };
  return option;
}

template <class Integer>
Option list_of_numbers(Option option, std::vector<Integer>& target, Integer min, Integer max) {
  return list_of(
      std::move(option), target,
      [min, max](const std::string& text) { return parse_whole_number<Integer>(text, min, max); },
      [](Integer value) { return fmt::format("{}", value); });
}

template <class Enum, std::size_t kCount>
Option list_of_words(Option option, std::vector<Enum>& target,
                     const std::array<Word<Enum>, kCount>& names) {
  return list_of(
      std::move(option), target,
      [&names](const std::string& text) { return parse_word<Enum>(text, names); },
      [&names](Enum value) { return word_of<Enum>(names, value); });
}

OptionGroup without(OptionGroup group, const std::vector<std::string>& names) {
  std::erase_if(group.options, [&](const Option& option) {
    return std::ranges::find(names, option.name) != names.end();
  });
  return group;
}

OptionGroup bench_group(BenchCommandOptions& options) {
  return {
      "What is compared with sequential training",
      {list_of_numbers({.short_name = "-j",
                        .name = "workers",
                        .alias = "threads",
                        .value = "LIST",
                        .help = "numbers of threads"},
                       options.workers, 1, kMostWorkers),
       list_of_words({.name = "strategy", .value = "LIST", .help = "of data, tensor, pipeline"},
                     options.strategies, kStrategyWords),
       list_of_words({.name = "merge", .value = "LIST", .help = "factored, ordered, arrival"},
                     options.merges, kMergeWords),
       list_of_numbers(
           {.short_name = "-b", .name = "batch-size", .value = "LIST", .help = "samples of a step"},
           options.batch_sizes, Index{1}, kLargestBatch)}};
}

OptionGroup measuring_group(BenchCommandOptions& options) {
  return {
      "Measuring",
      {whole_number({.short_name = "-w",
                     .name = "warmup",
                     .value = "N",
                     .help = "rounds before those that count"},
                    options.warmup, 0, kMostRuns),
       whole_number({.short_name = "-r", .name = "runs", .value = "N", .help = "rounds that count"},
                    options.runs, 1, kMostRuns),
       text({.name = "export-json", .value = "F"}, options.export_json),
       text({.name = "export-csv", .value = "F"}, options.export_csv),
       text({.name = "export-markdown", .value = "F", .help = "after each round; - is the output"},
            options.export_markdown),
       choice({.name = "timeline", .help = "draw a step of each: what every worker did when"},
              options.timeline, true, false),
       {.name = "min-speedup",
        .value = "X",
        .help = "exit with 4 when the best speedup is lower",
        .set =
            [&options](const std::string& text) {
              options.min_speedup = parse_number<double>(text, 0, kLargestSpeedup);
            },
        .get = [&options]() -> std::optional<std::string> {
          if (!options.min_speedup) return std::nullopt;
          return fmt::format("{}", *options.min_speedup);
        }},
       choice({.short_name = "-q", .name = "quiet", .help = "results only"},
              options.train.output.verbosity, Verbosity::kQuiet, Verbosity::kNormal)}};
}

void check_together(const BenchCommandOptions& options) {
  const int to_output = static_cast<int>(std::ranges::count(
      std::vector{options.export_json, options.export_csv, options.export_markdown}, "-"));
  if (to_output > 0 && options.timeline)
    throw UsageError("--timeline: expected the text on standard output, found --export-… -");
  if (to_output > 1)
    throw UsageError(
        fmt::format("--export-…: expected - for one format at most, found {}", to_output));
  if (options.train.recipe.warmup_epochs > options.train.recipe.epochs)
    throw UsageError(fmt::format("--warmup-epochs: expected at most the {} of --epochs, found {}",
                                 options.train.recipe.epochs, options.train.recipe.warmup_epochs));
}

}  // namespace

CommandSyntax bench_syntax(BenchCommandOptions& options) {
  options.train.recipe.epochs = 1;
  const std::vector<OptionGroup> groups = train_groups(options.train);
  CommandSyntax syntax = {
      .usage = {"bench [OPTIONS]"},
      .summary =
          "Times strategies and numbers of workers against sequential training. All runs start "
          "from the\nsame weights, take turns, and must end with the same weights.\n",
      .positionals = {},
      .groups = {bench_group(options), measuring_group(options)},
      .closing =
          "\nExit codes: 0 done, 1 failed, 2 wrong usage, 4 bound not met, 129/130/143 stopped\n"
          "Examples\n"
          "  tensor_relu_parallel bench -j 1,2,4,8 -r 10\n"
          "  tensor_relu_parallel bench --strategy data,tensor,pipeline -j 2 -b 16,64,256\n",
      .check = [&options] { check_together(options); }};
  for (const OptionGroup& group : groups) {
    syntax.groups.push_back(without(
        group, {"val-split", "batch-size", "early-stopping", "dry-run", "workers", "strategy",
                "sequential", "merge", "compare", "time", "trace", "trace-steps"}));
  }
  syntax.groups.push_back({"About", {help_option(), version_option()}});
  return syntax;
}

}  // namespace trp
