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
Plan complete_plan(const TrainOptions& options, const Dataset& train) {
  Plan plan = options.plan;
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

RunStart run_start(const TrainOptions& options, const DataSets& data) {
  return {.environment = this_environment(),
          .recipe = options.recipe,
          .plan = options.plan,
          .data = data.source,
          .test_samples = data.test.sample_count,
          .repeat = options.repeat,
          .training = {}};
}

/// Once nobody takes the results training stops, so that what is trained is saved.
TrainEvents to_train_events(Output& output, RunStart start, CheckpointKeeper* checkpoints,
                            const StopSignals& signals) {
  const auto stop_if_lost = [&output, &signals] {
    if (output.is_lost()) signals.request();
  };
  return {
      .start =
          [&output, stop_if_lost, start = std::move(start)](const TrainStart& training) mutable {
            warn_of_fewer("loader", training.loaders, start.plan.loaders, output);
            start.training = training;
            warn_of_workers(start, output);
            warn_of_long_average(start, output);
            output.report(start);
            stop_if_lost();
          },
      .step =
          [&output, stop_if_lost](const StepReport& step) {
            output.report(step);
            stop_if_lost();
          },
      .epoch = [&output](const EpochResult& epoch) { output.report(epoch); },
      .save = checkpoints ? [checkpoints](const TrainState& state) { checkpoints->save(state); }
                          : std::function<void(const TrainState&)>()};
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

void save(const TrainOptions& options, const Dataset& train, const TrainResult& result,
          OutputFile& file, Output& output) {
  const bool is_of_use = result.status != TrainStatus::kDiverged || result.best_epoch > 0;
  if (!is_of_use || result.steps == 0) {
    output.say("{} was not written: {}", options.save,
               is_of_use ? "nothing is trained yet" : "the network is of no use");
    return;
  }
  file.replace(
      encode_model(options.save, result.mlp, model_metadata(options.recipe, train, result)));
  output.hint("saved {}", options.save);
}

void save_trace(const TrainOptions& options, const PhaseRecorder& recorder, OutputFile& file,
                Output& output) {
  const std::string title = fmt::format("{}, {}", kTraceTitle, plan_name(options.plan));
  file.replace([&](const Sink& sink) {
    write_trace(recorder, title, [&](std::string_view text) { sink(to_bytes(text)); });
  });
  if (recorder.is_full())
    output.say("{} ends in step {}: there is no room for more", options.trace,
               recorder.events(0).back().step + 1);
  output.hint("saved {}", options.trace);
}

/// Throws Error if a strategy did not do what all of them must.
void check_same_bits(const Comparison& comparison, const Plan& plan) {
  if (comparison.same_bits || bits_may_differ(plan)) return;
  fail(
      "{} workers have trained other weights than one: a fault of this program or of this machine; "
      "please report it with the options and the machine",
      comparison.workers);
}

/// Lets a sequential training follow step by step, if that is to be compared with.
std::unique_ptr<SequentialTwin> make_twin(const TrainOptions& options, const DataSets& data,
                                          const std::optional<TrainState>& first, ThreadPool& pool,
                                          const StopSignals& signals, TrainEvents& events,
                                          Output& output) {
  if (!options.compare) return nullptr;
  output.hint("training sequentially as well, in turns, to compare");
  auto twin = std::make_unique<SequentialTwin>(options.recipe, data.train, pool, available_cpus(),
                                               events.recorder, first);
  events.step = [report = std::move(events.step), twin = twin.get(),
                 &signals](const StepReport& step) {
    report(step);
    twin->follow(step, signals.requested());
  };
  return twin;
}

/// Writes what was asked for; returns whether all of it is written.
bool keep(const TrainOptions& options, const Dataset& train, const TrainResult& result,
          const std::optional<PhaseRecorder>& recorder,
          const std::optional<CheckpointKeeper>& checkpoints, Outputs& outputs, Output& output) {
  const auto is_kept = [&](std::string_view option, const auto& write) {
    const auto file = outputs.find(option);
    return file == outputs.end() ||
           output.is_written(file->second.path(), [&] { write(file->second); });
  };
  const bool is_saved =
      is_kept("--save", [&](OutputFile& file) { save(options, train, result, file, output); });
  const bool is_traced =
      is_kept("--trace", [&](OutputFile& file) { save_trace(options, *recorder, file, output); });
  const bool is_resumable = !checkpoints || checkpoints->finish(result.status);
  return is_saved && is_traced && is_resumable;
}

/// Writes the page, if one was asked for; returns whether it is written. A network that is of no
/// use has no evaluation, nor has one that was not scored because training was stopped.
bool keep_page(const TrainPage& page, const RunSummary& summary,
               std::optional<EvaluationReport> evaluation,
               const std::optional<PhaseRecorder>& recorder, Outputs& outputs, Output& output) {
  const auto file = outputs.find("--report");
  if (file == outputs.end()) return true;
  if (summary.result.divergence) evaluation.reset();
  if (evaluation) evaluation->result = summary.result.test;
  return output.is_written(file->second.path(), [&] {
    file->second.replace(page.html(summary, evaluation, *recorder, command_line()));
  });
}

/// Throws what standard output or the log has met, unless that is no news.
void close(Output& output, bool all_kept, int signal) {
  try {
    output.close();
  } catch (const OutputClosed&) {
    if (all_kept) throw;
  } catch (const Error&) {
    if (signal != SIGHUP) throw;  // else it was a terminal, which has gone
  }
}

/// What a training has to go on, checked: by all ranks that train.
struct TrainInputs {
  TrainOptions options;  // complete
  DataSets data;
  std::optional<TrainState> first;
  std::optional<Checkpoint> resumed;
};

TrainInputs read_inputs(const TrainOptions& given, const DataFiles& files, const Outputs& outputs,
                        int cpus, Output& output) {
  TrainInputs inputs = {.options = given, .data = {}, .first = {}, .resumed = {}};
  TrainOptions& options = inputs.options;
  inputs.first = load_init(options);
  inputs.resumed = load_resumed_on_ranks(options, outputs, output);
  inputs.data = load_on_ranks(options, files);
  if (inputs.first) check_init(options, inputs.first->mlp, inputs.data.train);
  warn_of_unscaled_inputs(options.recipe, inputs.data.train, output);
  const int workers = default_workers(options, cpus, output);  // a question to all ranks
  if (options.plan.workers == 0) options.plan.workers = workers;
  options.plan = complete_plan(options, inputs.data.train);
  check_ranks_agree(options, inputs.data);
  return inputs;
}

}  // namespace

int run_train(const TrainOptions& asked) {
  const Stopwatch stopwatch;
  TrainOptions given = asked;
  check_for_ranks(given);
  leave_to_first_rank(given);
  const bool reads = given.cluster->rank() == 0 || !given.read_once;
  const DataFiles files = reads ? find_named_data(given.data) : DataFiles();
  const StopSignals signals;
  Outputs outputs = claim_files(given, files);
  Output output(given.output, outputs);
  const int cpus = available_cpus();
  TrainInputs inputs = read_inputs(given, files, outputs, cpus, output);
  TrainOptions& options = inputs.options;
  const DataSets& data = inputs.data;
  if (given.output.verbose) write_version(stopwatch.seconds());
  std::optional<CheckpointKeeper> checkpoints =
      keep_checkpoints(options, data, inputs.resumed, outputs, output);

  ThreadPool pool(options.plan.workers, cpus, options.plan.pin);
  warn_of_fewer("worker", pool.worker_count(), options.plan.workers, output);
  options.plan.workers = pool.worker_count();
  std::optional<PhaseRecorder> recorder = make_recorder(asked, pool.worker_count(), cpus);
  TrainEvents events = to_train_events(output, run_start(options, data),
                                       checkpoints ? &*checkpoints : nullptr, signals);
  events.save_every = options.save_every;
  events.cluster = options.cluster;
  if (!asked.checkpoint.empty() && !events.save)
    events.save = [](const TrainState&) {};  // rank 0 writes it
  if (recorder) events.recorder = &*recorder;
  if (options.repeat > 1) {
    const int code = run_repeats(options, data, pool, inputs.first, events, signals, output);
    close(output, true, signals.received());
    return code;
  }
  TrainPage page;
  std::optional<EvaluationReport> evaluation;
  if (!options.report.empty()) {
    output.tell([&page](const RunEvent& event) { page.add(event); });
    events.scored = [&](ConstTensorView logits) {
      evaluation.emplace(EvaluationReport{.result = {}, .samples = data.test});
      add_predictions(*evaluation, logits, kPageMistakes);
    };
  }
  const auto twin = make_twin(options, data, inputs.first, pool, signals, events, output);
  const TrainResult result = train(
      options.recipe, options.plan, data, pool, events, signals.requested(),
      inputs.resumed ? std::optional(std::move(inputs.resumed->state)) : std::move(inputs.first));

  std::optional<Comparison> comparison;
  if (twin && result.status != TrainStatus::kInterrupted) comparison = twin->compare(result);
  if (recorder && options.cluster->has_others()) add_workers_of_ranks(*options.cluster, *recorder);
  bool all_kept = keep(options, data.train, result, recorder, checkpoints, outputs, output);
  const auto times = options.time ? std::optional(recorder->times()) : std::nullopt;
  RunSummary summary = {result, stopwatch.seconds(), comparison, times};
  if (options.cluster->has_others())
    summary.ranks_bytes_per_step = sum_over_ranks(*options.cluster, result.bytes_per_step);
  output.report(summary);
  all_kept &= keep_page(page, summary, std::move(evaluation), recorder, outputs, output);
  warn_of_nothing_learned(result, data, output);
  const int code = exit_code(options, result, signals.received(), output);
  if (comparison) check_same_bits(*comparison, options.plan);
  close(output, all_kept, signals.received());
  return all_kept ? code : kExitFailed;
}

}  // namespace trp
