#include "cli/tune.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/checkpoints.h"
#include "cli/config_file.h"
#include "cli/inputs.h"
#include "cli/nearest.h"
#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "cli/search_space.h"
#include "core/fail.h"
#include "core/text.h"
#include "data/dataset.h"
#include "formats/bytes.h"
#include "formats/strict_json.h"
#include "profile/clock.h"
#include "report/environment.h"
#include "report/progress.h"
#include "report/tune.h"
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

constexpr int kMaxTrials = 1'000'000;
constexpr double kMaxSeconds = 1e6;
constexpr int kMaxSpaceDepth = 3;
constexpr int kTrialsChecked = 1000;  // ahead, so that none fails in the middle
constexpr const char* kSearchGroup = "Search";

void add_search(CLI::App& app, TuneOptions& options) {
  app.option_defaults()->group(kSearchGroup);
  CLI::Option* trials =
      app.add_option("--trials", options.trials,
                     "how many recipes are tried: one result for any number of workers")
          ->transform(whole_number(1, kMaxTrials));
  app.add_option("--seconds", options.seconds, "or for how long, as many as there is time for")
      ->transform(number(0, kMaxSeconds))
      ->excludes(trials);
  add_list(
      app, "--search", options.search, [](std::string_view text) { return std::string(text); },
      [](const std::string& name) { return name; },
      "the options to search, of the space; else all of these that are not given");
  add_path(app, "--space", options.space, "what they may be, as JSON [default: see tune's README]");
  add_workers(app, options.workers);
}

void add_files(CLI::App& app, TuneOptions& options) {
  app.option_defaults()->group(kSavingGroup);
  add_path(app, "-o,--save", options.save, "the best model: FILE.safetensors, .npz or .onnx",
           model_path());
  add_path(app, "--save-config", options.save_config, "the best options, for train --config",
           file_path());
  add_path(app, "--checkpoint", options.checkpoint, "save what is found, to go on from",
           file_path());
  add_path(app, "--resume", options.resume, "go on from such a file");
  add_force(app, options.force);
}

void add_output(CLI::App& app, TuneOptions& options) {
  add_format(app, options.format, {OutputFormat::kText, OutputFormat::kJsonLines});
  app.add_flag("-q,--quiet", options.quiet, "results only");
  app.add_flag_callback(
      "--no-progress", [&options] { options.progress = false; }, "no progress bar");
  add_color(app, options.color);
}

/// The part of the space, in JSON, that is searched.
Json searched_part(const TuneOptions& options) {
  std::string text(kDefaultSpace);
  const std::string name = options.space.empty() ? "the default space" : options.space;
  if (!options.space.empty()) {
    const auto bytes = InputFile(options.space).read_all("space");
    text = text_of(bytes);
  }
  parse_space(text, name);  // all of it has to be right
  Json space = parse_json_object(text, kMaxSpaceDepth, {.name = name});
  std::vector<std::string> names;
  for (const auto& item : space.items()) names.push_back(item.key());
  for (const std::string& searched : options.search)
    if (!space.contains(searched))
      fail_usage("--search: expected options of the space, found {}{}", in_quotes(searched),
                 suggestion(searched, names));
  const auto has = [](const std::vector<std::string>& list, const std::string& option) {
    return std::ranges::find(list, option) != list.end();
  };
  for (const std::string& one : names)
    if (options.search.empty() ? has(options.given, one) : !has(options.search, one))
      space.erase(one);
  if (space.empty()) fail_usage("expected an option to search, but all of the space are given");
  return space;
}

/// In quotes where a shell would read it otherwise.
std::string shell_text(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,-+=:@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string{c};
  return quoted + "'";
}

/// What trains the recipe on the same data.
std::string train_command(const TuneOptions& options, const Recipe& recipe) {
  const DataOptions& data = options.data;
  const std::array<std::pair<const char*, std::string>, 5> files = {
      {{"--data", data.directory},
       {"--images", data.train_images},
       {"--labels", data.train_labels},
       {"--test-images", data.test_images},
       {"--test-labels", data.test_labels}}};
  std::string command = "tensor_relu_parallel";
  for (const auto& [option, path] : files)
    if (!path.empty()) command += fmt::format(" {} {}", option, shell_text(path));
  const std::string own = options_text(recipe);
  return own.empty() ? command : fmt::format("{} {}", command, own);
}

/// A configuration file of the recipe.
std::string config_text(const Recipe& recipe, const TrialResult& best) {
  std::string text = fmt::format("{}trial {}", kConfigStart, best.trial);
  if (best.validation)
    text += fmt::format(": validation accuracy {:.4f} of {} samples", best.validation->accuracy,
                        best.validation->sample_count);
  text += '\n';
  for (const auto& [name, value] : options_of(recipe))
    text += fmt::format("{} = {}\n", name, toml_value(value));
  return text;
}

/// A search and what is told of it.
class Tuning {
 public:
  Tuning(const TuneOptions& options, Json space, Outputs& outputs, const DataSets& data);

  SearchResult search(ThreadPool& pool, const StopSignals& signals);
  Recipe recipe_of(int trial) const { return sample_recipe(space_, options_.recipe, trial); }
  std::string options_of(int trial) const {
    return options_text(recipe_of(trial), options_.recipe);
  }

 private:
  static constexpr double kSaveInterval = 1;  // seconds

  void on_result(const TrialResult& result);
  void on_progress(double share);
  void note(const TrialResult& result);
  void save();

  const TuneOptions& options_;
  const Space space_;
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
};

Tuning::Tuning(const TuneOptions& options, Json space, Outputs& outputs, const DataSets& data)
    : options_(options),
      space_(parse_space(json_text(space), "the space")),
      data_(data),
      outputs_(outputs),
      saved_{.identity = {{"recipe", to_json(options.recipe)},
                          {"space", std::move(space)},
                          {"train_data", dataset_digest(data.train)}},
             .results = {}} {
  for (int trial = 0; trial < kTrialsChecked; ++trial) check_recipe(recipe_of(trial));
  if (!options.resume.empty()) saved_.results = load_search(options.resume, saved_.identity);
  for (const TrialResult& result : saved_.results) note(result);
}

SearchResult Tuning::search(ThreadPool& pool, const StopSignals& signals) {
  if (options_.progress && !options_.quiet && is_terminal(STDERR_FILENO))
    bar_.emplace(STDERR_FILENO, color_);
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
  bar_.reset();
  save();
  return found;
}

void Tuning::on_result(const TrialResult& result) {
  saved_.results.push_back(result);
  note(result);
  if (bar_) bar_->clear();
  if (options_.format == OutputFormat::kJsonLines)
    out_.write_line(to_text(trial_object(result, recipe_of(result.trial))));
  const bool is_news = best_ && best_->trial == result.trial && best_->epochs == result.epochs &&
                       result.epochs == options_.recipe.epochs;
  if (is_news && !bar_ && !options_.quiet)
    say("trial {}: validation accuracy {:.2f} %, {}", result.trial,
        100 * result.validation->accuracy, options_of(result.trial));
  if (last_save_.seconds() > kSaveInterval) save();
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

void Tuning::save() {
  if (const auto file = outputs_.find("--checkpoint"); file != outputs_.end())
    file->second.replace(encode_search(saved_));
  last_save_ = Stopwatch();
}

Outputs claim(const TuneOptions& options, const DataFiles& files) {
  std::vector<NamedFile> inputs = named_inputs(files);
  inputs.push_back({"--space", options.space});
  inputs.push_back({"--resume", options.resume});
  return claim_outputs(inputs,
                       {{"--save", options.save, is_saved_model},
                        {"--save-config", options.save_config, is_saved_config},
                        {.option = "--checkpoint",
                         .path = options.checkpoint,
                         .is_own_kind = starts_search,
                         .continues = "--resume"}},
                       options.force);
}

void save_best(const TuneOptions& options, const TrialResult& best, const Recipe& recipe,
               const Dataset& train, const TrainResult& trained, Outputs& outputs) {
  if (const auto file = outputs.find("--save-config"); file != outputs.end())
    file->second.replace(config_text(recipe, best));
  const bool is_of_use = trained.steps > 0 && trained.status != TrainStatus::kDiverged;
  if (const auto file = outputs.find("--save"); file != outputs.end() && is_of_use)
    file->second.replace(
        encode_model(options.save, trained.mlp, model_metadata(recipe, train, trained)));
}

/// What the program ends with when there is no best trial.
int end_without_best(const SearchResult& found, const TuneOptions& options, int signal) {
  if (signal != 0) return kExitSignalBase + signal;
  if (found.results.empty())
    fail("no trial was finished in {} s; expected more --seconds", options.seconds);
  say("all {} trials diverged; try a --space of lower learning rates", found.results.size());
  return kExitDiverged;
}

}  // namespace

CLI::App& add_tune(CLI::App& app, TuneOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "tune",
      "Finds good options of training.\n"
      "Many are tried for a few epochs, the best of them for more. Trainings run side by side and "
      "are\n"
      "judged by validation samples; the best is trained anew on all training samples. Options of\n"
      "training that are given stay as they are.");
  add_search(command, options);
  add_data(command, options.data, options.recipe);
  add_training(command, options.recipe);
  add_batch_size_and_validation(command, options.recipe);
  add_files(command, options);
  add_output(command, options);
  command.footer(
      ", 3 diverged, 129/130/143 stopped\n"
      "Examples\n"
      "  tensor_relu_parallel tune --seconds 30 --save best.safetensors --save-config best.conf\n"
      "  tensor_relu_parallel tune --trials 50 --search lr,momentum,batch-size --hidden 256\n");
  command.parse_complete_callback([&command, &options] {
    complete_recipe(options.recipe);
    check_recipe(options.recipe);
    for (const CLI::Option* option : command.get_options())
      if (option->count() > 0 && !option->get_lnames().empty())
        options.given.push_back(option->get_lnames()[0]);
  });
  return command;
}

int run_tune(const TuneOptions& options) {
  if (options.recipe.validation_share == 0)
    fail_usage("--val-split: expected more than 0, since trials are judged by these samples");
  const Json space = searched_part(options);
  const DataFiles files = find_named_data(options.data);
  const StopSignals signals;
  Outputs outputs = claim(options, files);
  const DataSets data = load_data(files, options.recipe.class_count);
  Tuning tuning(options, space, outputs, data);
  ThreadPool pool = make_pool(options.workers);
  const TuneStart start = {.environment = this_environment(),
                           .data = data.source,
                           .recipe = options.recipe,
                           .space = space,
                           .workers = std::min(pool.worker_count(), pool.cpu_count()),
                           .trials = options.trials,
                           .seconds = options.seconds};
  const bool is_text = options.format == OutputFormat::kText;
  if (!is_text) standard_output().write_line(to_text(tune_start_object(start)));
  if (!options.quiet) standard_error().write_line(tune_settings(start));

  SearchResult found = tuning.search(pool, signals);
  if (found.results.empty() || !found.results.front().validation)
    return end_without_best(found, options, signals.received());
  const TrialResult best = found.results.front();
  Recipe recipe = tuning.recipe_of(best.trial);
  const bool is_stopped = signals.received() != 0;
  std::optional<Spread> gain;
  if (!is_stopped && start.workers > 1) gain = speedup_side_by_side(recipe, data.train, pool);
  if (!is_stopped) recipe.validation_share = 0;
  const Plan plan = {.strategy = StrategyKind::kAuto, .workers = pool.worker_count()};
  const TrainResult trained = train(recipe, plan, data, pool, {}, signals.requested(),
                                    is_stopped ? std::move(found.best) : std::nullopt);
  save_best(options, best, recipe, data.train, trained, outputs);
  const TuneSummary summary = {.search = found,
                               .options_of = [&](int trial) { return tuning.options_of(trial); },
                               .workers = start.workers,
                               .gain = gain,
                               .trained = trained,
                               .recipe = recipe,
                               .command = train_command(options, recipe)};
  standard_output().write_line(is_text ? tune_text(summary, use_color(options.color, STDOUT_FILENO))
                                       : to_text(tune_summary_object(summary)));
  if (signals.received() != 0) return kExitSignalBase + signals.received();
  if (trained.status != TrainStatus::kDiverged) return kExitDone;
  say("the best options diverged on all training samples; try a --space of lower learning rates");
  return kExitDiverged;
}

}  // namespace trp
