#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/other_builds.h"
#include "cli/ranks.h"
#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "cluster/cluster.h"
#include "core/fail.h"
#include "measure/bench.h"
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

namespace trp {
namespace {

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
  Plan plan = options.plan;
  plan.ranks = options.cluster->size();
  return {.recipe = options.recipe,
          .cases = bench_cases(plan, options.ways),
          .warmup = options.warmup,
          .runs = options.runs,
          .cluster = options.cluster->has_others() ? options.cluster : nullptr};
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
                              const DataSets& data, int cpus, const StopSignals& signals) {
  const auto case_count = static_cast<int>(bench.cases.size());
  const int rounds = bench.warmup + bench.runs;
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

bool traces_cases(const BenchCommandOptions& options) {
  return options.timeline || !options.report.empty();
}

/// A step of each case, as text and as figures of a page.
struct Timelines {
  std::string text, figures;
};

Timelines trace_cases(const BenchOptions& bench, const DataSets& data, int cpus,
                      const std::atomic<bool>& stop) {
  Timelines all = {fmt::format("\n{}\n", timeline_legend(bench.cluster != nullptr)), ""};
  for (const BenchRow& row : bench.cases) {
    const PhaseRecorder recorder = trace_case(bench, row, data, cpus, stop);
    all.text += timeline_text(row, recorder);
    all.figures +=
        steps_figure(fmt::format("{}, batch size {}", case_text(row), row.batch_size), recorder, 1);
  }
  return all;
}

/// What ranks come together for, as far as options decide that.
std::string rank_options_text(const BenchCommandOptions& options, const BenchOptions& bench) {
  std::string text = fmt::format("--warmup {} --runs {}{}{}", bench.warmup, bench.runs,
                                 traces_cases(options) ? " --timeline" : "",
                                 options.read_once ? " --read-once" : "");
  for (const BenchRow& row : bench.cases)
    text += fmt::format(", {} at {}", case_text(row), row.batch_size);
  return text;
}

/// Whether no rank is to stop.
bool goes_on(Cluster& cluster, const StopSignals& signals) {
  cluster.ask(signals.received() != 0);
  return !cluster.agreed();
}

/// Writes and prints what was measured.
void report(const BenchCommandOptions& options, Outputs& outputs, const BenchContext& context,
            const std::vector<BenchRow>& rows, const Timelines& steps) {
  export_bench(options.files, outputs, context, rows);
  std::string output = bench_output(options.files, context, rows);
  if (options.timeline) output += steps.text;
  if (output.ends_with('\n')) output.pop_back();
  standard_output().write_line(output);
  if (!options.report.empty())
    outputs.at("--report")
        .replace(std::string_view(bench_page(context, rows, steps.figures, command_line())));
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

int run_bench_command(const BenchCommandOptions& options) {
  check_together(options);
  Cluster& cluster = *options.cluster;
  BenchOptions bench = bench_options(options);
  check_same(cluster, {{"command line", rank_options_text(options, bench)}});
  const bool reports = cluster.rank() == 0;  // others run along
  const DataFiles files = find_on_ranks(cluster, options.read_once, options.data);
  const StopSignals signals;
  Outputs outputs = reports ? claim_exports(options, files) : Outputs();
  if (!options.quiet) warn_of_noise();
  const DataSets data = load_on_ranks(cluster, options.read_once, files, options.recipe);
  const int cpus = cpus_of_rank(cluster, available_cpus(), false);
  check_ranks_agree(cluster, options.recipe, data);
  if (!reports) {
    run_bench(bench, data, cpus, {}, signals.requested());
    if (goes_on(cluster, signals) && traces_cases(options))
      trace_cases(bench, data, cpus, signals.requested());
    return kExitDone;
  }
  const BenchContext context = bench_context(bench, data);
  if (!options.beside.empty()) read_beside(options.beside, context, bench.cases);
  if (!options.baseline.empty()) race_builds(bench, options.baseline, files, signals.requested());
  const std::vector<BenchRow> rows = measure(options, outputs, bench, context, data, cpus, signals);
  if (!options.quiet) warn_of_outliers(rows);
  const bool is_stopped = !goes_on(cluster, signals);
  Timelines steps;
  if (!is_stopped && traces_cases(options))
    steps = trace_cases(bench, data, cpus, signals.requested());
  if (!rows.empty()) report(options, outputs, context, rows, steps);
  if (is_stopped || signals.received() != 0)
    return kExitSignalBase + signal_of_stop(cluster, signals.received());
  return exit_code(rows, options);
}

}  // namespace trp
