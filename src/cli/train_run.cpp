#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/ranges.h>

#include "cli/checkpoints.h"
#include "cli/inputs.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "cli/recipe_options.h"
#include "cli/repeat.h"
#include "cli/saved_files.h"
#include "cli/train.h"
#include "cli/train_advice.h"
#include "cluster/cluster.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "formats/array_file.h"
#include "formats/strict_json.h"
#include "measure/comparison.h"
#include "measure/rank_times.h"
#include "profile/clock.h"
#include "report/environment.h"
#include "report/evaluation.h"
#include "report/numbers.h"
#include "report/trace.h"
#include "report/train_page.h"
#include "strategy/phase.h"
#include "strategy/ranks_split.h"
#include "system/cpu.h"
#include "system/outputs.h"
#include "system/stop_signals.h"
#include "train/model_arrays.h"
#include "train/network.h"
#include "train/recipe_json.h"
#include "train/words.h"
#include "trp/error.h"
#include "trp/model.h"
#include "trp/train.h"

namespace trp {
namespace {

/// The plan with what is left open: the number of workers, what ranks share out.
Plan complete_plan(const TrainOptions& options, int cpus, const Dataset& train) {
  Plan plan = options.plan;
  if (plan.workers == 0) plan.workers = cpus;
  if (plan.strategy == StrategyKind::kSequential) plan.workers = 1;
  plan.ranks = options.cluster->size();
  if (plan.ranks > 1)
    plan.ranks_split = choose_split(plan, network_sizes(options.recipe, train),
                                    std::min(options.recipe.batch_size, train.sample_count));
  return plan;
}

void write_version(double loading_seconds) {
  standard_error().write_line(setting_line(
      "version",
      fmt::format("{}, data loaded in {:.2f} s", this_build().version, loading_seconds)));
}

/// A page is content with some of the steps, so that it costs next to nothing.
std::optional<PhaseRecorder> make_recorder(const TrainOptions& options, int workers, int cpus) {
  constexpr int kPageInterval = 8;
  const bool is_traced = !options.trace.empty() || !options.report.empty();
  if (!options.time && !is_traced) return std::nullopt;
  return std::optional<PhaseRecorder>(std::in_place, kTrainingPhases, workers, cpus,
                                      is_traced ? options.trace_steps : 0,
                                      options.time ? 1 : kPageInterval);
}

/// Throws Error if a strategy did not do what all of them must.
void check_same_bits(const Comparison& comparison, const Plan& plan) {
  if (comparison.same_bits || bits_may_differ(plan)) return;
  fail(
      "{} workers have trained other weights than one: a fault of this program or of this machine; "
      "please report it with the options and the machine",
      comparison.workers);
}

/// A training on this rank, and all that is told and written of it.
class TrainRun {
 public:
  explicit TrainRun(const TrainOptions& asked)
      : asked_(asked),
        options_(options_of_rank(asked)),
        files_(find_on_ranks(cluster(), asked.read_once, asked.data)),
        outputs_(claim_files(options_, files_)),
        output_(options_.output, outputs_),
        cpus_(cpus_of_rank(cluster(), available_cpus(),
                           asked.plan.workers == 0 && !asked.output.quiet)),
        data_(read_inputs()),
        checkpoints_(keep_checkpoints(options_, data_, resumed_, outputs_, output_)),
        pool_(options_.plan.workers, cpus_, options_.plan.pin),
        recorder_(make_recorder(asked_, pool_.worker_count(), cpus_)) {
    warn_of_fewer("worker", pool_.worker_count(), options_.plan.workers, output_);
    options_.plan.workers = pool_.worker_count();
  }

  int run() {
    TrainEvents events = make_events();
    if (options_.repeat > 1) {
      const int code = run_repeats(options_, data_, pool_, first_, events, signals_, output_);
      close(true);
      return code;
    }
    if (!options_.report.empty()) fill_page(events);
    if (options_.compare) follow_sequentially(events);
    return finish(train(options_.recipe, options_.plan, data_, pool_, events, signals_.requested(),
                        resumed_ ? std::optional(std::move(resumed_->state)) : std::move(first_)));
  }

 private:
  Cluster& cluster() const { return *asked_.cluster; }

  /// Reads all that the training goes on, which all ranks have then, and completes the options.
  DataSets read_inputs() {
    first_ = load_init_on_ranks(options_);
    resumed_ = load_resumed_on_ranks(options_, outputs_, output_);
    DataSets data = load_on_ranks(cluster(), options_.read_once, files_, options_.recipe);
    if (first_) check_init(options_, first_->mlp, data.train);
    warn_of_unscaled_inputs(options_.recipe, data.train, output_);
    options_.plan = complete_plan(options_, cpus_, data.train);
    check_ranks_agree(cluster(), options_.recipe, data);
    if (options_.output.verbose) write_version(stopwatch_.seconds());
    return data;
  }

  RunStart start_of(const TrainStart& training) const {
    Environment environment = this_environment();
    environment.cpus = cpus_;
    return {.environment = environment,
            .recipe = options_.recipe,
            .plan = options_.plan,
            .data = data_.source,
            .test_samples = data_.test.sample_count,
            .repeat = options_.repeat,
            .training = training};
  }

  /// Once nobody takes the results training stops, so that what is trained is saved.
  void stop_if_lost() {
    if (output_.is_lost()) signals_.request();
  }

  TrainEvents make_events() {
    TrainEvents events = {.save_every = options_.save_every, .cluster = options_.cluster};
    events.start = [this](const TrainStart& training) {
      const RunStart start = start_of(training);
      warn_of_fewer("loader", training.loaders, start.plan.loaders, output_);
      warn_of_workers(start, output_);
      warn_of_long_average(start, output_);
      output_.report(start);
      stop_if_lost();
    };
    events.step = [this](const StepReport& step) {
      output_.report(step);
      stop_if_lost();
    };
    events.epoch = [this](const EpochResult& epoch) { output_.report(epoch); };
    if (!asked_.checkpoint.empty())  // all ranks contribute, the first has the file
      events.save = [this](const TrainState& state) {
        if (checkpoints_) checkpoints_->save(state);
      };
    if (recorder_) events.recorder = &*recorder_;
    return events;
  }

  void fill_page(TrainEvents& events) {
    output_.tell([this](const RunEvent& event) { page_.add(event); });
    events.scored = [this](ConstTensorView logits) {
      evaluation_.emplace(EvaluationReport{.result = {}, .samples = data_.test});
      add_predictions(*evaluation_, logits, kPageMistakes);
    };
  }

  /// Lets a sequential training follow step by step.
  void follow_sequentially(TrainEvents& events) {
    output_.hint("training sequentially as well, in turns, to compare");
    twin_ = std::make_unique<SequentialTwin>(options_.recipe, data_.train, pool_, available_cpus(),
                                             events.recorder, first_);
    events.step = [this, report = std::move(events.step)](const StepReport& step) {
      report(step);
      twin_->follow(step, signals_.requested());
    };
  }

  /// Tells and writes what has come of it.
  int finish(const TrainResult& result) {
    std::optional<Comparison> comparison;
    if (twin_ && result.status != TrainStatus::kInterrupted) comparison = twin_->compare(result);
    if (recorder_ && cluster().has_others()) add_workers_of_ranks(cluster(), *recorder_);
    bool all_kept = keep(result);
    RunSummary summary = {result, stopwatch_.seconds(), comparison};
    if (options_.time) summary.times = recorder_->times();
    if (cluster().has_others())
      summary.ranks_bytes_per_step = sum_over_ranks(cluster(), result.bytes_per_step);
    output_.report(summary);
    all_kept &= keep_page(summary);
    warn_of_nothing_learned(result, data_, output_);
    const int code = exit_code(options_, result, signals_.received(), output_);
    if (comparison) check_same_bits(*comparison, options_.plan);
    close(all_kept);
    return all_kept ? code : kExitFailed;
  }

  /// Writes the file of an option, if that was given; returns whether it is written.
  template <class Write>
  bool is_kept(std::string_view option, const Write& write) {
    const auto file = outputs_.find(option);
    return file == outputs_.end() ||
           output_.is_written(file->second.path(), [&] { write(file->second); });
  }

  /// Writes what was asked for but the page; returns whether all of it is written.
  bool keep(const TrainResult& result) {
    const bool is_saved = is_kept("--save", [&](OutputFile& file) { save(result, file); });
    const bool is_traced = is_kept("--trace", [&](OutputFile& file) { save_trace(file); });
    const bool is_resumable = !checkpoints_ || checkpoints_->finish(result.status);
    return is_saved && is_traced && is_resumable;
  }

  void save(const TrainResult& result, OutputFile& file) {
    const bool is_of_use = result.status != TrainStatus::kDiverged || result.best_epoch > 0;
    if (!is_of_use || result.steps == 0) {
      output_.say("{} was not written: {}", options_.save,
                  is_of_use ? "nothing is trained yet" : "the network is of no use");
      return;
    }
    file.replace(encode_model(options_.save, result.mlp,
                              model_metadata(options_.recipe, data_.train, result)));
    output_.hint("saved {}", options_.save);
  }

  void save_trace(OutputFile& file) {
    const std::string title = fmt::format("{}, {}", kTraceTitle, plan_name(options_.plan));
    file.replace([&](const Sink& sink) {
      write_trace(*recorder_, title, [&](std::string_view text) { sink(to_bytes(text)); });
    });
    if (recorder_->is_full())
      output_.say("{} ends in step {}: there is no room for more", options_.trace,
                  recorder_->events(0).back().step + 1);
    output_.hint("saved {}", options_.trace);
  }

  /// A network that is of no use has no evaluation, nor has one that was not scored because
  /// training was stopped.
  bool keep_page(const RunSummary& summary) {
    if (summary.result.divergence) evaluation_.reset();
    if (evaluation_) evaluation_->result = summary.result.test;
    return is_kept("--report", [&](OutputFile& file) {
      file.replace(page_.html(summary, evaluation_, *recorder_, command_line()));
    });
  }

  /// Throws what standard output or the log has met, unless that is no news.
  void close(bool all_kept) {
    try {
      output_.close();
    } catch (const OutputClosed&) {
      if (all_kept) throw;
    } catch (const Error&) {
      if (signals_.received() != SIGHUP) throw;  // else it was a terminal, which has gone
    }
  }

  // Made in the order in which they rest on one another.
  const Stopwatch stopwatch_;
  const TrainOptions& asked_;  // of all ranks
  TrainOptions options_;       // what this rank does; complete once the inputs are read
  const DataFiles files_;
  const StopSignals signals_;
  Outputs outputs_;
  Output output_;
  const int cpus_;
  std::optional<TrainState> first_;    // of --init
  std::optional<Checkpoint> resumed_;  // of --resume
  const DataSets data_;
  std::optional<CheckpointKeeper> checkpoints_;
  ThreadPool pool_;
  std::optional<PhaseRecorder> recorder_;
  TrainPage page_;
  std::optional<EvaluationReport> evaluation_;
  std::unique_ptr<SequentialTwin> twin_;
};

}  // namespace

int run_train(const TrainOptions& asked) { return TrainRun(asked).run(); }

}  // namespace trp
