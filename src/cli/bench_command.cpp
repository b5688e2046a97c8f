#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/commands.h"
#include "measure/bench.h"
#include "report/bench_report.h"
#include "report/environment.h"
#include "report/numbers.h"
#include "report/time.h"
#include "system/atomic_file.h"
#include "system/cpu.h"
#include "system/line_writer.h"
#include "system/stop_signals.h"
#include "train/network.h"
#include "train/words.h"
#include "trp/error.h"

namespace trp {
namespace {

/// Above this many runnable threads before the first run, times are not to be trusted.
constexpr double kBusyLoad = 0.5;

constexpr int kTimelineColumns = 72;

class Talk {
 public:
  explicit Talk(bool quiet) : quiet_(quiet) {}

  void say(std::string_view text) {
    if (!quiet_) err_.write_line(fmt::format("tensor_relu_parallel: {}", text));
  }

 private:
  bool quiet_;
  LineWriter err_{STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore};
};

void warn_of_noise(Talk& talk) {
  double load = 0;
  if (getloadavg(&load, 1) == 1 && load > kBusyLoad) {
    talk.say(fmt::format(
        "warning: the machine is busy (load {:.1f} in the last minute); times will vary", load));
  }
  const std::string governor = frequency_governor();
  if (!governor.empty() && governor != "performance") {
    talk.say(fmt::format("warning: the CPUs' frequency is scaled (governor {}); times will vary",
                         governor));
  }
}

/// Writes the files that were asked for, and returns what is for standard output.
std::string export_all(const BenchCommandOptions& options, const BenchContext& context,
                       const std::vector<BenchRow>& rows, const std::vector<BenchResult>& results) {
  std::string output;
  const auto write = [&](const std::string& path, const std::string& text) {
    if (path == "-") {
      output = text;
    } else if (!path.empty()) {
      write_file_atomically(path, text);
    }
  };
  write(options.export_json, bench_json(context, rows, results));
  write(options.export_csv, bench_csv(rows));
  write(options.export_markdown, bench_markdown(context, rows));
  return output.empty() ? bench_text(context, rows) : output;
}

/// A step of each case, in the text on standard output.
std::string timelines(const BenchOptions& plan, const DataSets& data, int cpus,
                      const std::atomic<bool>& stop) {
  std::string text = fmt::format("\n{}\n", timeline_legend());
  for (const BenchCase& benched : plan.cases) {
    const PhaseRecorder recorder = trace_case(plan, benched, data, cpus, stop);
    text += fmt::format("\n{}, {}, batch size {}: a step\n", plan_name(benched.plan),
                        count_of(benched.plan.workers, "worker"), benched.batch_size);
    for (const std::string& line : timeline_picture(recorder, kTimelineColumns))
      text += line + '\n';
  }
  return text;
}

}  // namespace

int run_bench_command(const BenchCommandOptions& options) {
  Talk talk(options.train.output.verbosity == Verbosity::kQuiet);
  const DataFiles files = find_data(options.train.data);
  for (const std::string& path :
       {options.export_json, options.export_csv, options.export_markdown}) {
    if (!path.empty() && path != "-") check_writable(path);
  }
  warn_of_noise(talk);
  const int cpus = available_cpus();
  const DataSets data = load_data(files, options.train.recipe.class_count);

  const BenchOptions plan = {
      .recipe = options.train.recipe,
      .cases = bench_cases(options.train.plan, options.strategies, options.merges, options.workers,
                           options.batch_sizes),
      .warmup = options.warmup,
      .runs = options.runs};
  const BenchContext context = {.environment = this_environment(),
                                .data = data.source,
                                .layers = network_sizes(plan.recipe, data.train),
                                .epochs = plan.recipe.epochs,
                                .warmup = plan.warmup,
                                .runs = plan.runs};

  const auto case_count = static_cast<int>(plan.cases.size());
  talk.say(fmt::format("{} cases, {} rounds", case_count, plan.warmup + plan.runs));
  const auto after_run = [&](std::span<const BenchResult> results, int run) {
    const int round = run / case_count;
    if (run % case_count != 0) return;
    talk.say(fmt::format("round {} of {}{} done", round, plan.warmup + plan.runs,
                         round <= plan.warmup ? " (warm-up)" : ""));
    if (round > plan.warmup)
      export_all(options, context, summarize(results, cpus), {results.begin(), results.end()});
  };
  const StopSignals signals;
  const std::vector<BenchResult> results =
      run_bench(plan, data, cpus, after_run, signals.requested());
  const std::vector<BenchRow> rows = summarize(results, cpus);
  for (const BenchRow& row : rows) {
    if (row.outliers > 0) {
      talk.say(fmt::format(
          "warning: {} of {} runs of {} with {} at batch size {} {} far slower or faster than the "
          "others",
          row.outliers, plan.runs, plan_name(row.benched.plan),
          count_of(row.benched.plan.workers, "worker"), row.benched.batch_size,
          row.outliers == 1 ? "is an outlier," : "are outliers,"));
    }
  }
  if (!rows.empty()) {
    std::string output = export_all(options, context, rows, results);
    if (options.timeline && signals.received() == 0)
      output += timelines(plan, data, cpus, signals.requested());
    if (output.ends_with('\n')) output.pop_back();
    LineWriter(STDOUT_FILENO, "standard output").write_line(output);
  }
  if (signals.received() != 0) return kExitSignalBase + signals.received();

  double best = 0;
  for (const BenchRow& row : rows) {
    if (row.benched.plan.strategy != StrategyKind::kSequential)
      best = std::max(best, row.speedup.value);
  }
  if (options.min_speedup && best < *options.min_speedup) {
    talk.say(fmt::format("the best speedup of {:.2f} is below --min-speedup {}", best,
                         *options.min_speedup));
    return kExitBoundNotMet;
  }
  return kExitDone;
}

}  // namespace trp
