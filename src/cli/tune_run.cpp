#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/inputs.h"
#include "cli/recipe_text.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "cli/search_space.h"
#include "cli/tune.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "profile/clock.h"
#include "report/progress.h"
#include "report/tune.h"
#include "system/outputs.h"
#include "system/stop_signals.h"
#include "system/terminal.h"
#include "train/model_arrays.h"
#include "train/recipe_json.h"
#include "trp/error.h"
#include "trp/train.h"
#include "tune/search.h"

namespace trp {
namespace {

Outputs claim(const TuneOptions& options, const DataFiles& files) {
  std::vector<NamedFile> inputs = named_inputs(files);
  inputs.push_back({"--space", options.space});
  inputs.push_back({"--resume", options.resume});
  return claim_outputs(inputs,
                       {{"--save", options.save, is_saved_model},
                        {"--save-config", options.save_config, is_saved_config},
                        {"--report", options.report, is_report},
                        {.option = "--checkpoint",
                         .path = options.checkpoint,
                         .is_own_kind = is_saved_search,
                         .keeps_previous = true,
                         .continues = "--resume"}},
                       options.force);
}

/// A search and what is told and kept of it.
class Tuning {
 public:
  /// Goes on with the search of --resume.
  Tuning(const TuneOptions& options, const std::vector<Dimension>& space, Outputs& outputs,
         const DataSets& data)
      : options_(options), space_(space), data_(data) {
    identity_ = {{"recipe", to_json(options.recipe)},
                 {"space", start().space},
                 {"train_data", dataset_digest(data.train)}};
    if (!options.resume.empty() && !has_nothing_saved(options.resume, outputs))
      results_ = load_search(options.resume, identity_);
    if (options.progress && !options.quiet && is_terminal(STDERR_FILENO))
      bar_.emplace(STDERR_FILENO, color_);
    const auto file = outputs.find("--checkpoint");
    if (file == outputs.end()) return;
    checkpoint_ = &file->second;
    if (checkpoint_->is_made() || is_same_file(options.checkpoint, options.resume)) return;
    old_file_ = OldFile::kKeepAsPrevious;
    say("{}", replaced_text(options.checkpoint));
  }

  SearchResult search(ThreadPool& pool, const StopSignals& signals) {
    const std::vector<TrialResult> known = results_;
    SearchResult found =
        trp::search({.recipe_of = [this](int trial) { return recipe_of(trial); },
                     .epochs = options_.recipe.epochs,
                     .trials = options_.trials,
                     .seconds = options_.seconds},
                    known, data_.train, pool,
                    {.result = [this](const TrialResult& result) { on_result(result); },
                     .progress = [this](double share) { on_progress(share); }},
                    signals.requested());
    if (bar_) bar_->clear();
    if (checkpoint_) save();
    return found;
  }

  TrainResult train_anew(const Recipe& recipe, ThreadPool& pool, const StopSignals& signals) {
    if (!options_.quiet && !bar_) say("training the best anew, on all training samples");
    TrainEvents events;
    if (bar_) {
      RunStart start;
      start.recipe = recipe;
      bar_->report(start);
      events.step = [this](const StepReport& step) { bar_->report(step); };
    }
    const Plan plan = {.strategy = StrategyKind::kAuto, .workers = pool.worker_count()};
    TrainResult trained = train(recipe, plan, data_, pool, events, signals.requested());
    if (bar_) bar_->clear();
    return trained;
  }

  Recipe recipe_of(int trial) const { return sample_recipe(space_, options_.recipe, trial); }

  /// As on the command line, what differs from trial 0; "as given" if nothing does.
  std::string options_of(int trial) const {
    const std::string text = options_text(recipe_of(trial), recipe_of(0));
    return text.empty() ? "as given" : text;
  }

  const std::vector<TrialResult>& results() const { return results_; }

  /// Whether --checkpoint has been written.
  bool is_saved() const { return is_saved_; }

  TuneStart start() const {
    TuneStart start = {.environment = this_environment(),
                       .data = data_.source,
                       .recipe = recipe_of(0),
                       .trials = options_.trials,
                       .seconds = options_.seconds};
    for (const Dimension& dimension : space_) {
      start.space[dimension.option] = dimension.written;
      start.fields.push_back(dimension.field);
    }
    return start;
  }

 private:
  void on_result(const TrialResult& result) {
    constexpr double kSaveInterval = 1;  // seconds
    results_.push_back(result);
    if (bar_) bar_->clear();
    if (options_.format == OutputFormat::kJsonLines)
      out_.write_line(json_text(trial_object(result, recipe_of(result.trial))));
    const bool is_news = result.validation && result.epochs == options_.recipe.epochs &&
                         std::ranges::min_element(results_, is_better)->trial == result.trial;
    if (is_news && !bar_ && !options_.quiet)
      say("trial {}: validation accuracy {:.2f} %, {}", result.trial,
          100 * result.validation->accuracy, options_of(result.trial));
    if (checkpoint_ && last_save_.seconds() > kSaveInterval) save();
  }

  void on_progress(double share) {
    if (!bar_) return;
    bar_->show([&](int width) {
      const auto trials = std::ranges::count(results_, results_.empty() ? 0 : results_[0].epochs,
                                             &TrialResult::epochs);
      const auto best = std::ranges::min_element(results_, is_better);
      return tune_progress_line(share, begin_.seconds(), trials,
                                best == results_.end() ? std::nullopt : best->validation, width,
                                color_);
    });
  }

  /// A search goes on though it cannot be saved, which is told once.
  void save() {
    try {
      checkpoint_->replace(encode_search(identity_, results_),
                           std::exchange(old_file_, OldFile::kRemove));
      is_saved_ = true;
    } catch (const Error& error) {
      if (is_saved_) say("{}", error.what());
      is_saved_ = false;
    }
    last_save_ = Stopwatch();
  }

  const TuneOptions& options_;
  const std::vector<Dimension>& space_;
  const DataSets& data_;
  const bool color_ = use_color(options_.color, STDERR_FILENO);
  LineWriter out_ = standard_output();
  std::optional<ProgressBar> bar_;
  Json identity_;
  std::vector<TrialResult> results_;
  const Stopwatch begin_;
  Stopwatch last_save_;
  OutputFile* checkpoint_ = nullptr;
  OldFile old_file_ = OldFile::kRemove;  // at the next save
  bool is_saved_ = true;
};

/// Where the best trial of a search that was stopped stands, scored.
std::optional<TrainResult> score_best(SearchResult& found, const Recipe& recipe,
                                      const DataSets& data, ThreadPool& pool,
                                      const StopSignals& signals) {
  if (!found.best) return std::nullopt;
  return train(recipe, {.strategy = StrategyKind::kSequential}, data, pool, {}, signals.requested(),
               std::exchange(found.best, std::nullopt));
}

void save_best(const TuneOptions& options, const TuneSummary& summary, const Dataset& train,
               Outputs& outputs) {
  if (const auto file = outputs.find("--save-config"); file != outputs.end())
    file->second.replace(config_text(summary.recipe, summary.search.results.front()));
  const auto file = outputs.find("--save");
  if (file == outputs.end()) return;
  const auto& trained = summary.trained;
  if (!trained || trained->steps == 0 || trained->status == TrainStatus::kDiverged)
    return say("{} was not written: the best is not trained", options.save);
  file->second.replace(
      encode_model(options.save, trained->mlp, model_metadata(summary.recipe, train, *trained)));
}

/// What the program ends with when there is no best trial.
int end_without_best(const SearchResult& found, const TuneOptions& options, int signal) {
  if (signal != 0) return kExitSignalBase + signal;
  if (found.results.empty())
    fail("no trial was finished in {} s; expected more --seconds", options.seconds);
  say("all {} trials diverged; try a --space of lower learning rates", found.results.size());
  return kExitDiverged;
}

/// Lines of a terminal are not longer; elsewhere a line is a line.
std::size_t text_width() {
  return is_terminal(STDOUT_FILENO) ? static_cast<std::size_t>(terminal_width(STDOUT_FILENO))
                                    : std::string::npos;
}

int exit_code(const TuneSummary& summary, const Tuning& tuning, int signal) {
  if (signal != 0) return kExitSignalBase + signal;
  if (summary.trained->status == TrainStatus::kDiverged) {
    say("the best options diverged on all training samples; try a --space of lower learning rates");
    return kExitDiverged;
  }
  return tuning.is_saved() ? kExitDone : kExitFailed;
}

}  // namespace

int run_tune(const TuneOptions& options) {
  if (options.recipe.validation_share == 0)
    fail_usage("--val-split: expected more than 0, since trials are judged by these samples");
  const std::vector<Dimension> space = searched_space(options.space, options.search, options.given);
  const DataFiles files = find_named_data(options.data);
  const StopSignals signals;
  Outputs outputs = claim(options, files);
  const DataSets data = load_data(files, options.recipe.class_count);
  Tuning tuning(options, space, outputs, data);
  ThreadPool pool = make_pool(options.workers);
  const int workers = std::min(pool.worker_count(), pool.cpu_count());
  const bool is_text = options.format == OutputFormat::kText;
  TuneStart start = tuning.start();
  start.workers = workers;
  if (!is_text) standard_output().write_line(json_text(tune_start_object(start)));
  if (!options.quiet) standard_error().write_line(tune_settings(start));

  SearchResult found = tuning.search(pool, signals);
  if (found.results.empty() || !found.results.front().validation)
    return end_without_best(found, options, signals.received());
  TuneSummary summary = {.search = found,
                         .options_of = [&](int trial) { return tuning.options_of(trial); },
                         .recipe_of = [&](int trial) { return tuning.recipe_of(trial); },
                         .workers = workers,
                         .recipe = tuning.recipe_of(found.results.front().trial)};
  const Recipe as_searched = summary.recipe;
  if (signals.received() == 0 && workers > 1)
    summary.gain = speedup_side_by_side(as_searched, data.train, pool);
  if (signals.received() == 0) {
    summary.recipe.validation_share = 0;
    summary.trained = tuning.train_anew(summary.recipe, pool, signals);
  }
  if (!summary.trained || summary.trained->status == TrainStatus::kInterrupted) {
    summary.recipe = as_searched;
    summary.trained = score_best(found, as_searched, data, pool, signals);
  }
  summary.command = train_command(options.data, summary.recipe);
  save_best(options, summary, data.train, outputs);
  if (const auto file = outputs.find("--report"); file != outputs.end())
    file->second.replace(tune_page(start, summary, tuning.results(), command_line()));
  standard_output().write_line(
      is_text ? tune_text(summary, text_width(), use_color(options.color, STDOUT_FILENO))
              : json_text(tune_summary_object(summary)));
  if (signals.received() != 0 && !options.quiet && tuning.is_saved() && !options.checkpoint.empty())
    say("{}", resume_text(options.checkpoint));
  return exit_code(summary, tuning, signals.received());
}

}  // namespace trp
