#include "cli/tuning.h"

#include <unistd.h>

#include <utility>

#include "cli/recipe_options.h"
#include "cli/recipe_text.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "data/dataset.h"
#include "report/tune.h"
#include "system/terminal.h"
#include "train/recipe_json.h"
#include "trp/error.h"

namespace trp {

Tuning::Tuning(const TuneOptions& options, WrittenSpace space, Outputs& outputs,
               const DataSets& data)
    : options_(options),
      space_(std::move(space)),
      data_(data),
      outputs_(outputs),
      color_(use_color(options.color, STDERR_FILENO)),
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

Recipe Tuning::recipe_of(int trial) const {
  Recipe recipe = sample_recipe(space_.space, options_.recipe, trial);
  complete_recipe(recipe);
  return recipe;
}

std::string Tuning::options_of(int trial) const {
  return options_text(recipe_of(trial), recipe_of(0));
}

}  // namespace trp
