#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "cli/stop_signals.h"
#include "cli/version.h"
#include "trp/cli/commands.h"
#include "trp/core/cpu.h"
#include "trp/core/error.h"
#include "trp/data/sampler.h"
#include "trp/nn/kernels.h"
#include "trp/report/csv.h"
#include "trp/report/json.h"
#include "trp/report/numbers.h"
#include "trp/report/progress.h"
#include "trp/report/text.h"

namespace trp {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Where output goes, and the reporters that write it.
class Output {
 public:
  Output(const OutputOptions& options, int epochs)
      : options_(options),
        out_(STDOUT_FILENO, "standard output"),
        err_(STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore) {
    if (!options.log.empty()) log_.emplace(options.log, "--log");
    if (options.progress && !quiet() && is_terminal(STDERR_FILENO)) {
      bar_.emplace(STDERR_FILENO, epochs, use_color(options.color, STDERR_FILENO));
      // Any of them may be the same terminal.
      out_.before_line = err_.before_line = [this] { bar_->clear(); };
    }
    std::vector<RunEvents> reporters;
    if (!quiet()) {
      reporters.push_back(settings_reporter(err_, use_color(options.color, STDERR_FILENO)));
    }
    reporters.push_back(main_reporter());
    if (log_) reporters.push_back(json_lines_reporter(*log_, options.log_interval));
    if (bar_) {
      reporters.push_back({.start = [this](const RunStart&) { bar_->begin(); },
                           .step = [this](const StepReport& step) { bar_->update(step); }});
    }
    events_ = fan_out(std::move(reporters));
  }

  const RunEvents& events() const { return events_; }

  /// Hints are not given to those who want quiet.
  void hint(std::string_view text) {
    if (!quiet()) say(text);
  }

  void detail(std::string_view text) {
    if (options_.verbosity == Verbosity::kVerbose) err_.write_line(text);
  }

  void say(std::string_view text) {
    err_.write_line(fmt::format("tensor_relu_parallel: {}", text));
  }

  void close() {
    if (log_) log_->close();
  }

 private:
  bool quiet() const { return options_.verbosity == Verbosity::kQuiet; }

  RunEvents main_reporter() {
    switch (options_.format) {
      case OutputFormat::kJson:
        return json_document_reporter(out_);
      case OutputFormat::kJsonLines:
        return json_lines_reporter(out_, options_.log_interval);
      case OutputFormat::kCsv:
        return csv_reporter(out_);
      case OutputFormat::kText:
        break;
    }
    return text_reporter(out_, {.rows = !quiet(),
                                .log_interval = options_.log_interval,
                                .color = use_color(options_.color, STDOUT_FILENO)});
  }

  const OutputOptions& options_;
  LineWriter out_;
  LineWriter err_;
  std::optional<LineWriter> log_;
  std::optional<ProgressBar> bar_;
  RunEvents events_;
};

int wanted_workers(const TrainCommandOptions& options, int cpus, Output& output) {
  if (options.train.strategy.kind == StrategyKind::kSequential) {
    if (options.workers.value_or(1) > 1) {
      output.hint(
          fmt::format("warning: sequential training has one worker, not {}", *options.workers));
    }
    return 1;
  }
  const int workers = options.workers.value_or(cpus);
  if (workers > cpus) {
    output.hint(fmt::format("warning: {} workers share {} CPU{}: the same weights, but no faster",
                            workers, cpus, cpus == 1 ? "" : "s"));
  }
  return workers;
}

/// How many samples there are to divide is known only now.
void check_samples(const TrainOptions& options, const DataSets& data) {
  const Index all = data.train.sample_count;
  const Index count = options.limit > 0 ? std::min(options.limit, all) : all;
  const Sampler sampler =
      make_sampler(count, options.validation_share, options.seed, options.shuffle);
  const bool validates = options.validation_share > 0;
  if (sampler.train.empty() || (validates && sampler.validation.empty())) {
    throw UsageError(
        "--val-split {}: of {} samples, {} are left for training and {} for validation; expected "
        "at least one each",
        options.validation_share, count, sampler.train.size(), sampler.validation.size());
  }
}

TrainEvents to_train_events(const RunEvents& events, RunStart start) {
  return {.start =
              [&events, start = std::move(start)](const TrainStart& training) mutable {
                start.training = training;
                events.start(start);
              },
          .step = events.step,
          .epoch = events.epoch};
}

int exit_code(const TrainCommandOptions& options, const TrainResult& result, int signal,
              Output& output) {
  if (result.status == TrainStatus::kInterrupted) return kExitSignalBase + signal;
  if (result.status == TrainStatus::kDiverged) {
    output.say(fmt::format(
        "training diverged in epoch {}, batch {}, at learning rate {:.4g}: the loss or a weight is "
        "not a finite number any more; try a lower --lr, or --clip-norm 1",
        result.divergence->epoch, result.divergence->batch, result.divergence->learning_rate));
    return kExitDiverged;
  }
  if (options.min_accuracy && !(result.test.accuracy >= *options.min_accuracy)) {
    output.say(fmt::format("the test accuracy of {} is below --min-accuracy {}",
                           result.test.accuracy, *options.min_accuracy));
    return kExitBoundNotMet;
  }
  return kExitDone;
}

}  // namespace

int run_train(const TrainCommandOptions& options) {
  const auto begin = Clock::now();
  Output output(options.output, options.train.epochs);
  const int cpus = available_cpus();
  const int workers = wanted_workers(options, cpus, output);
  const DataSets data = load_data(find_data(options.data), options.data.class_count);
  output.detail(fmt::format("version   {}, data loaded in {:.2f} s", program_version(),
                            seconds_since(begin)));
  check_samples(options.train, data);

  ThreadPool pool(workers, cpus);
  if (pool.worker_count() < workers) {
    output.say(fmt::format(
        "warning: the system allows only {} of {} workers: the same weights, but slower",
        pool.worker_count(), workers));
  }
  const TrainEvents events =
      to_train_events(output.events(), {.version = std::string(program_version()),
                                        .options = options.train,
                                        .workers = pool.worker_count(),
                                        .cpus = cpus,
                                        .simd = simd_target_name(),
                                        .data = data.source,
                                        .test_samples = data.test.sample_count,
                                        .training = {}});
  const StopSignals signals;
  const TrainResult result = train(options.train, data, pool, events, signals.requested());
  output.events().summary({result, seconds_since(begin)});
  output.close();
  return exit_code(options, result, signals.received(), output);
}

}  // namespace trp
