#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "cli/inputs.h"
#include "cli/nearest.h"
#include "cli/recipe_options.h"
#include "cli/recipe_text.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "cli/search_space.h"
#include "cli/tune.h"
#include "core/fail.h"
#include "core/text.h"
#include "data/dataset.h"
#include "formats/bytes.h"
#include "profile/clock.h"
#include "report/environment.h"
#include "report/progress.h"
#include "report/tune.h"
#include "report/tune_page.h"
#include "system/input_file.h"
#include "system/outputs.h"
#include "system/stop_signals.h"
#include "system/terminal.h"
#include "train/model_arrays.h"
#include "train/recipe_json.h"
#include "trp/train.h"
#include "tune/saved_search.h"
#include "tune/search.h"

namespace trp {
namespace {

/// The part of the space that is searched.
WrittenSpace searched_part(const TuneOptions& options) {
  std::string text(kDefaultSpace);
  if (!options.space.empty()) text = text_of(InputFile(options.space).read_all("space"));
  WrittenSpace all =
      parse_space(text, options.space.empty() ? "the default space"
                                              : options.space);  // all of it has to be right
  std::vector<std::string> names;
  for (const auto& item : all.json.items()) names.push_back(item.key());
  for (const std::string& searched : options.search)
    if (!all.json.contains(searched))
      fail_usage("--search: expected options of the space, found {}{}", in_quotes(searched),
                 suggestion(searched, names));
  const auto has = [](const std::vector<std::string>& list, const std::string& option) {
    return std::ranges::find(list, option) != list.end();
  };
  WrittenSpace part;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (options.search.empty() ? has(options.given, names[i]) : !has(options.search, names[i]))
      continue;
    part.json[names[i]] = all.json[names[i]];
    part.space.push_back(all.space[i]);
  }
  if (part.space.empty()) fail_usage("expected an option to search, but all of them are given");
  return part;
}

/// A search and what is told and kept of it.
class Tuning {
 public:
  /// Goes on with the search of --resume.
  Tuning(const TuneOptions& options, WrittenSpace space, Outputs& outputs, const DataSets& data);

  SearchResult search(ThreadPool& pool, const StopSignals& signals);
  TrainResult train_anew(const Recipe& recipe, ThreadPool& pool, const StopSignals& signals);

  Recipe recipe_of(int trial) const {
    Recipe recipe = sample_recipe(space_.space, options_.recipe, trial);
    complete_recipe(recipe);
    return recipe;
  }
  std::string options_of(int trial) const { return options_text(recipe_of(trial), recipe_of(0)); }
  const Json& space() const { return space_.json; }
  const std::vector<TrialResult>& results() const { return saved_.results; }

  /// Whether --checkpoint has been written.
  bool is_saved() const { return is_saved_; }

 private:
  static constexpr double kSaveInterval = 1;  // seconds

  void on_result(const TrialResult& result);
  void on_progress(double share);
  void note(const TrialResult& result);
  void save();

  const TuneOptions& options_;
  const WrittenSpace space_;
  const DataSets& data_;
  Outputs& outputs_;
  const bool color_ = use_color(options_.color, STDERR_FILENO);
  LineWriter out_ = standard_output();
  std::optional<ProgressBar> bar_;
  SavedSearch saved_;
  std::set<int> trials_;
  std::optional<TrialResult> best_;
  const Stopwatch begin_;
  Stopwatch last_save_;
  OldFile old_file_ = OldFile::kRemove;  // at the next save
  bool is_saved_ = true;
};

Tuning::Tuning(const TuneOptions& options, WrittenSpace space, Outputs& outputs,
               const DataSets& data)
    : options_(options),
      space_(std::move(space)),
      data_(data),
      outputs_(outputs),
      saved_{.identity = {{"recipe", to_json(options.recipe)},
                          {"space", space_.json},
                          {"train_data", dataset_digest(data.train)}},
             .results = {}} {
  if (!options.resume.empty() && !has_nothing_saved(options.resume, outputs))
    saved_.results = load_search(options.resume, saved_.identity);
  for (const TrialResult& result : saved_.results) note(result);
  if (options.progress && !options.quiet && is_terminal(STDERR_FILENO))
    bar_.emplace(STDERR_FILENO, color_);
  const auto file = outputs.find("--checkpoint");
  if (file == outputs.end() || file->second.is_made() ||
      is_same_file(options.checkpoint, options.resume))
    return;
  old_file_ = OldFile::kKeepAsPrevious;
  say("warning: {} will be replaced; --resume {} would go on with it", options.checkpoint,
      options.checkpoint);
}

SearchResult Tuning::search(ThreadPool& pool, const StopSignals& signals) {
  const std::vector<TrialResult> known = saved_.results;
  const SearchResult found =
      trp::search({.recipe_of = [this](int trial) { return recipe_of(trial); },
                   .epochs = options_.recipe.epochs,
                   .trials = options_.trials,
                   .seconds = options_.seconds},
                  known, data_.train, pool,
                  {.result = [this](const TrialResult& result) { on_result(result); },
                   .progress = [this](double share) { on_progress(share); }},
                  signals.requested());
  if (bar_) bar_->clear();
  if (outputs_.contains("--checkpoint")) save();
  return found;
}

TrainResult Tuning::train_anew(const Recipe& recipe, ThreadPool& pool, const StopSignals& signals) {
  if (!options_.quiet && !bar_) say("training the best anew, on all training samples");
  const Stopwatch stopwatch;
  const auto on_step = [&](const StepReport& step) {
    bar_->show([&](int width) {
      return progress_line(
          {.step = step, .epochs = recipe.epochs, .elapsed_seconds = stopwatch.seconds()}, width,
          color_);
    });
  };
  TrainEvents events;
  if (bar_) events.step = on_step;
  const Plan plan = {.strategy = StrategyKind::kAuto, .workers = pool.worker_count()};
  TrainResult trained = train(recipe, plan, data_, pool, events, signals.requested());
  if (bar_) bar_->clear();
  return trained;
}

void Tuning::on_result(const TrialResult& result) {
  saved_.results.push_back(result);
  note(result);
  if (bar_) bar_->clear();
  if (options_.format == OutputFormat::kJsonLines)
    out_.write_line(to_text(trial_object(result, recipe_of(result.trial))));
  const bool is_news = best_ && best_->trial == result.trial && best_->epochs == result.epochs &&
                       result.epochs == options_.recipe.epochs;
  if (is_news && !bar_ && !options_.quiet) {
    const std::string own = options_of(result.trial);
    say("trial {}: validation accuracy {:.2f} %, {}", result.trial,
        100 * result.validation->accuracy, own.empty() ? "as given" : own);
  }
  if (outputs_.contains("--checkpoint") && last_save_.seconds() > kSaveInterval) save();
}

void Tuning::on_progress(double share) {
  if (!bar_) return;
  bar_->show([&](int width) {
    return tune_progress_line(share, begin_.seconds(), trials_.size(),
                              best_ ? best_->validation : std::nullopt, width, color_);
  });
}

void Tuning::note(const TrialResult& result) {
  trials_.insert(result.trial);
  if (result.validation && (!best_ || is_better(result, *best_))) best_ = result;
}

/// A search goes on though it cannot be saved, which is told once.
void Tuning::save() {
  try {
    outputs_.at("--checkpoint")
        .replace(encode_search(saved_), std::exchange(old_file_, OldFile::kRemove));
    is_saved_ = true;
  } catch (const Error& error) {
    if (is_saved_) say("{}", error.what());
    is_saved_ = false;
  }
  last_save_ = Stopwatch();
}

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
                         .is_own_kind = starts_search,
                         .keeps_previous = true,
                         .continues = "--resume"}},
                       options.force);
}

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
  WrittenSpace space = searched_part(options);
  const DataFiles files = find_named_data(options.data);
  const StopSignals signals;
  Outputs outputs = claim(options, files);
  const DataSets data = load_data(files, options.recipe.class_count);
  Tuning tuning(options, std::move(space), outputs, data);
  ThreadPool pool = make_pool(options.workers);
  const int workers = std::min(pool.worker_count(), pool.cpu_count());
  const bool is_text = options.format == OutputFormat::kText;
  const TuneStart start = {.environment = this_environment(),
                           .data = data.source,
                           .recipe = tuning.recipe_of(0),
                           .space = tuning.space(),
                           .workers = workers,
                           .trials = options.trials,
                           .seconds = options.seconds};
  if (!is_text) standard_output().write_line(to_text(tune_start_object(start)));
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
    file->second.replace(
        std::string_view(tune_page(start, summary, tuning.results(), command_line())));
  standard_output().write_line(
      is_text ? tune_text(summary, text_width(), use_color(options.color, STDOUT_FILENO))
              : to_text(tune_summary_object(summary)));
  if (signals.received() != 0 && !options.quiet && tuning.is_saved() && !options.checkpoint.empty())
    say("saved {}; to go on: --resume {} --checkpoint {}", options.checkpoint, options.checkpoint,
        options.checkpoint);
  return exit_code(summary, tuning, signals.received());
}

}  // namespace trp
