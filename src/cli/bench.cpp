#include <algorithm>
#include <span>
#include <string_view>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/other_builds.h"
#include "cli/recipe_options.h"
#include "cli/values.h"
#include "cluster/cluster.h"
#include "train/words.h"

namespace trp {
namespace {

constexpr int kMaxRuns = 10'000;
constexpr double kMaxSpeedup = 1e6;
constexpr const char* kComparedGroup = "What is compared with sequential training";
constexpr const char* kMeasuringGroup = "Measuring";
constexpr const char* kWithRanks = "with several ranks";

template <class Enum>
void add_word_list(CLI::App& app, const std::string& names, std::vector<Enum>& target,
                   std::span<const Word<Enum>> words, const std::string& help) {
  add_list(
      app, names, target, [words](std::string_view text) { return parse_word<Enum>(text, words); },
      [words](Enum value) { return word_of<Enum>(words, value); }, help);
}

void add_export_file(CLI::App& app, const std::string& format, std::string& path) {
  app.option_defaults()->group(kMeasuringGroup);
  app.add_option("--export-" + format, path, "rewritten after each round; - is standard output")
      ->transform(any_path())
      ->type_name("FILE");
}

void add_measuring(CLI::App& app, BenchCommandOptions& options) {
  app.option_defaults()->group(kMeasuringGroup);
  app.add_option("-w,--warmup", options.warmup, "rounds before those that count")
      ->transform(whole_number(0, kMaxRuns));
  app.add_option("-r,--runs", options.runs,
                 fmt::format("rounds that count; {} with --baseline", kBaselineRuns))
      ->transform(whole_number(1, kMaxRuns));
  add_export_file(app, "json", options.files.json);
  add_export_file(app, "csv", options.files.csv);
  add_export_file(app, "markdown", options.files.markdown);
  add_report(app, options.report);
  add_force(app, options.force);
  app.add_flag("--timeline", options.timeline,
               "draw a step of each case: what every worker did when");
  app.add_option("--min-speedup", options.min_speedup, "exit with 4 when the best speedup is lower")
      ->transform(number(0, kMaxSpeedup))
      ->type_name("X");
  app.add_flag("-q,--quiet", options.quiet, "results only");
}

}  // namespace

CLI::App& add_bench(CLI::App& app, BenchCommandOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "bench",
      "Times strategies and numbers of workers against sequential training.\n"
      "All runs start from the same weights, take turns, and must end with the same weights.");
  command.option_defaults()->group(kComparedGroup);
  add_number_list(command, "-j,--workers,--threads", options.ways.workers, kMaxWorkers,
                  "numbers of threads");
  add_word_list(command, "--strategy", options.ways.strategies, words_of(StrategyKind()),
                "of data, tensor, pipeline");
  add_word_list(command, "--merge", options.ways.merges, words_of(MergeKind()),
                "of factored, ordered, arrival");
  add_number_list(command, "-b,--batch-size", options.ways.batch_sizes, kMaxBatchSize,
                  "samples of a step");
  add_measuring(command, options);
  add_others(command, options);
  add_data(command, options.data, options.recipe);
  add_training(command, options.recipe);
  add_plan(command, options.plan);
  const auto splits = words_of(RanksSplit()).subspan(1);  // without auto, which is one of them
  add_word_list(command, "--ranks-split", options.ways.splits, splits,
                "of outputs, rows: what ranks started by mpirun share out");
  add_read_once(command, options.read_once);
  command.footer(
      ", 4 bound not met, 129/130/143 stopped\n"
      "Examples\n"
      "  tensor_relu_parallel bench -j 1,2,4,8 -r 10\n"
      "  tensor_relu_parallel bench --strategy data,tensor,pipeline -j 2 -b 16,64,256\n"
      "  tensor_relu_parallel bench -j 2 --baseline ./before --max-slowdown 1.05\n");
  command.parse_complete_callback([&command, &options] {
    const auto has = [&options](StrategyKind strategy) {
      return std::ranges::count(options.ways.strategies, strategy) > 0;
    };
    complete_recipe(options.recipe);
    if (!options.baseline.empty() && command.get_option("--runs")->count() == 0)
      options.runs = kBaselineRuns;
    if (options.quiet) return;
    const bool is_alone = launch().size == 1;
    const bool has_pipeline = is_alone && has(StrategyKind::kPipeline);
    const char* const no_pipeline = is_alone ? "without --strategy pipeline" : kWithRanks;
    say_without_effect(command, {{"--strategy", is_alone, kWithRanks},
                                 {"--merge", is_alone && has(StrategyKind::kData),
                                  is_alone ? "without --strategy data" : kWithRanks},
                                 {"--micro-batches", has_pipeline, no_pipeline},
                                 {"--pipeline-schedule", has_pipeline, no_pipeline},
                                 {"--queue", options.plan.loaders > 0, "without --loaders"},
                                 needs_ranks("--ranks-split"),
                                 needs_ranks("--read-once")});
  });
  return command;
}

}  // namespace trp
