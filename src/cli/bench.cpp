#include "measure/bench.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/inputs.h"
#include "cli/other_builds.h"
#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "cli/values.h"
#include "core/fail.h"
#include "measure/fma_peak.h"
#include "measure/round_trip.h"
#include "report/bench_others.h"
#include "report/bench_report.h"
#include "report/budget_table.h"
#include "report/numbers.h"
#include "report/time.h"
#include "report/train_page.h"
#include "system/cpu.h"
#include "system/line_writer.h"
#include "system/outputs.h"
#include "system/stop_signals.h"
#include "train/network.h"
#include "train/words.h"

namespace trp {
namespace {

constexpr int kMaxRuns = 10'000;
constexpr double kMaxSpeedup = 1e6;
constexpr const char* kComparedGroup = "What is compared with sequential training";
constexpr const char* kMeasuringGroup = "Measuring";

template <class Enum, std::size_t kCount>
void add_word_list(CLI::App& app, const std::string& names, std::vector<Enum>& target,
                   const std::array<Word<Enum>, kCount>& words, const std::string& help) {
  add_list(
      app, names, target, [&words](std::string_view text) { return parse_word<Enum>(text, words); },
      [&words](Enum value) { return word_of<Enum>(words, value); }, help);
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

void check_together(const BenchCommandOptions& options) {
  const BenchFiles& files = options.files;
  const auto to_output = std::ranges::count(std::array{files.json, files.csv, files.markdown}, "-");
  if (to_output > 0 && options.timeline)
    fail_usage("--timeline: expected the text on standard output, found --export-… -");
  if (to_output > 1)
    fail_usage("--export-…: expected - for one format at most, found {}", to_output);
  check_others(options);
  check_recipe(options.recipe);
}

/// Above this many runnable threads before the first run, times are not to be trusted.
constexpr double kBusyLoad = 0.5;

std::optional<double> system_load() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? std::optional(load) : std::nullopt;
}

void warn_of_noise() {
  const std::optional<double> load = system_load();
  if (load && *load > kBusyLoad)
    say("warning: the machine is busy (load {:.1f} in the last minute); times will vary", *load);
  const std::string governor = frequency_governor();
  if (!governor.empty() && governor != "performance")
    say("warning: the CPUs' frequency is scaled (governor {}); times will vary", governor);
}

Outputs claim_exports(const BenchCommandOptions& options, const DataFiles& files) {
  const auto request = [](std::string_view option, const std::string& path, auto is_own_kind) {
    return OutputRequest{option, path == "-" ? "" : path, is_own_kind};
  };
  return claim_outputs(named_inputs(files),
                       {request("--export-json", options.files.json, is_bench_json),
                        request("--export-csv", options.files.csv, is_bench_csv),
                        request("--export-markdown", options.files.markdown, is_bench_markdown),
                        request("--report", options.report, is_report)},
                       options.force);
}

BenchOptions bench_options(const BenchCommandOptions& options) {
  return {.recipe = options.recipe,
          .cases = bench_cases(options.plan, options.strategies, options.merges, options.workers,
                               options.batch_sizes),
          .warmup = options.warmup,
          .runs = options.runs};
}

BenchContext bench_context(const BenchOptions& bench, const DataSets& data) {
  Environment environment = this_environment();
  environment.load = system_load();
  environment.round_trip_ns = cache_line_round_trip_ns();
  environment.peak_gflops = measure_peak_gflops();
  return {.environment = environment,
          .data = data.source,
          .layers = network_sizes(bench.recipe, data.train),
          .epochs = bench.recipe.epochs,
          .warmup = bench.warmup,
          .runs = bench.runs,
          .recipe = bench.recipe};
}

/// Runs all rounds, and rewrites the files after each that counts.
std::vector<BenchRow> measure(const BenchCommandOptions& options, Outputs& outputs,
                              const BenchOptions& bench, const BenchContext& context,
                              const DataSets& data, const StopSignals& signals) {
  const auto case_count = static_cast<int>(bench.cases.size());
  const int rounds = bench.warmup + bench.runs;
  const int cpus = context.environment.cpus;
  if (!options.quiet) say("{}, {}", count_of(case_count, "case"), count_of(rounds, "round"));
  const auto after_turn = [&](std::span<const BenchRow> rows, int turn) {
    const int round = turn / case_count;
    if (turn % case_count != 0) return;
    if (!options.quiet)
      say("round {} of {}{} done", round, rounds, round <= bench.warmup ? " (warm-up)" : "");
    if (round > bench.warmup)
      export_bench(options.files, outputs, context, compare_rows(rows, cpus));
  };
  return compare_rows(run_bench(bench, data, cpus, after_turn, signals.requested()), cpus);
}

void warn_of_outliers(const std::vector<BenchRow>& rows) {
  for (const BenchRow& row : rows) {
    const int outliers = count_outliers(row.seconds);
    if (outliers > 0)
      say("warning: {} of {} runs of {} at batch size {} {} far slower or faster than the others",
          outliers, row.seconds.size(), case_text(row), row.batch_size,
          outliers == 1 ? "is an outlier," : "are outliers,");
  }
}

/// A step of each case, as text and as figures of a page.
struct Timelines {
  std::string text, figures;
};

Timelines trace_cases(const BenchOptions& bench, const DataSets& data, int cpus,
                      const std::atomic<bool>& stop) {
  Timelines all = {fmt::format("\n{}\n", timeline_legend()), ""};
  for (const BenchRow& row : bench.cases) {
    const PhaseRecorder recorder = trace_case(bench, row, data, cpus, stop);
    all.text += timeline_text(row, recorder);
    all.figures +=
        steps_figure(fmt::format("{}, batch size {}", case_text(row), row.batch_size), recorder, 1);
  }
  return all;
}

int exit_code(const std::vector<BenchRow>& rows, const BenchCommandOptions& options) {
  if (options.max_slowdown && says_slowdown(*options.max_slowdown, rows)) return kExitBoundNotMet;
  double best = 0;
  for (const BenchRow& row : rows)
    if (!row.is_sequential()) best = std::max(best, row.speedup().median);
  if (!options.min_speedup || best >= *options.min_speedup) return kExitDone;
  say("the best speedup of {:.2f} is below --min-speedup {}", best, *options.min_speedup);
  return kExitBoundNotMet;
}

}  // namespace

CLI::App& add_bench(CLI::App& app, BenchCommandOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "bench",
      "Times strategies and numbers of workers against sequential training.\n"
      "All runs start from the same weights, take turns, and must end with the same weights.");
  command.option_defaults()->group(kComparedGroup);
  add_number_list(command, "-j,--workers,--threads", options.workers, kMaxWorkers,
                  "numbers of threads");
  add_word_list(command, "--strategy", options.strategies, kStrategyWords,
                "of data, tensor, pipeline");
  add_word_list(command, "--merge", options.merges, kMergeWords, "of factored, ordered, arrival");
  add_number_list(command, "-b,--batch-size", options.batch_sizes, kMaxBatchSize,
                  "samples of a step");
  add_measuring(command, options);
  add_others(command, options);
  add_data(command, options.data, options.recipe);
  add_training(command, options.recipe);
  add_plan(command, options.plan);
  command.footer(
      ", 4 bound not met, 129/130/143 stopped\n"
      "Examples\n"
      "  tensor_relu_parallel bench -j 1,2,4,8 -r 10\n"
      "  tensor_relu_parallel bench --strategy data,tensor,pipeline -j 2 -b 16,64,256\n"
      "  tensor_relu_parallel bench -j 2 --baseline ./before --max-slowdown 1.05\n");
  command.parse_complete_callback([&command, &options] {
    const auto has = [&options](StrategyKind strategy) {
      return std::ranges::count(options.strategies, strategy) > 0;
    };
    complete_recipe(options.recipe);
    if (!options.baseline.empty() && command.get_option("--runs")->count() == 0)
      options.runs = kBaselineRuns;
    const bool has_pipeline = has(StrategyKind::kPipeline);
    if (options.quiet) return;
    say_without_effect(command,
                       {{"--merge", has(StrategyKind::kData), "without --strategy data"},
                        {"--micro-batches", has_pipeline, "without --strategy pipeline"},
                        {"--pipeline-schedule", has_pipeline, "without --strategy pipeline"},
                        {"--queue", options.plan.loaders > 0, "without --loaders"}});
  });
  return command;
}

int run_bench_command(const BenchCommandOptions& options) {
  check_together(options);
  const DataFiles files = find_named_data(options.data);
  const StopSignals signals;
  Outputs outputs = claim_exports(options, files);
  if (!options.quiet) warn_of_noise();
  const DataSets data = load_data(files, options.recipe.class_count);
  BenchOptions bench = bench_options(options);
  const BenchContext context = bench_context(bench, data);
  if (!options.beside.empty()) read_beside(options.beside, context, bench.cases);
  if (!options.baseline.empty()) race_builds(bench, options.baseline, files, signals.requested());
  const std::vector<BenchRow> rows = measure(options, outputs, bench, context, data, signals);
  if (!options.quiet) warn_of_outliers(rows);
  if (!rows.empty()) {
    export_bench(options.files, outputs, context, rows);
    std::string output = bench_output(options.files, context, rows);
    Timelines steps;
    if ((options.timeline || !options.report.empty()) && signals.received() == 0)
      steps = trace_cases(bench, data, context.environment.cpus, signals.requested());
    if (options.timeline) output += steps.text;
    if (output.ends_with('\n')) output.pop_back();
    standard_output().write_line(output);
    if (!options.report.empty())
      outputs.at("--report")
          .replace(std::string_view(bench_page(context, rows, steps.figures, command_line())));
  }
  if (signals.received() != 0) return kExitSignalBase + signals.received();
  return exit_code(rows, options);
}

}  // namespace trp
