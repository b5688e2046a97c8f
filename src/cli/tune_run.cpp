#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/inputs.h"
#include "cli/nearest.h"
#include "cli/recipe_options.h"
#include "cli/recipe_text.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "cli/tune.h"
#include "cli/tuning.h"
#include "core/fail.h"
#include "core/text.h"
#include "formats/bytes.h"
#include "report/environment.h"
#include "report/tune.h"
#include "report/tune_page.h"
#include "system/input_file.h"
#include "system/outputs.h"
#include "system/stop_signals.h"
#include "system/terminal.h"
#include "train/model_arrays.h"
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
