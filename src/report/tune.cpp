#include "report/tune.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/evaluation.h"
#include "report/numbers.h"
#include "report/progress.h"
#include "train/recipe_json.h"
#include "train/words.h"

namespace trp {

std::string tune_settings(const TuneStart& start) {
  std::string names;
  for (const auto& item : start.space.items())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", item.key());
  return fmt::format(
      "{}\n{}\n{:10}for {}, of up to {} each\n{}", setting_line("data", start.data),
      setting_line("search", names), "",
      start.trials > 0 ? count_of(start.trials, "trial") : fmt::format("{:.4g} s", start.seconds),
      count_of(start.recipe.epochs, "epoch"),
      setting_line("workers", fmt::format("{} at once, {}", count_of(start.workers, "training"),
                                          start.environment.build.simd)));
}

std::vector<Cells> best_rows(const TuneSummary& summary) {
  constexpr std::size_t kMaxRows = 11;
  std::vector<Cells> rows = {{"trial", "epochs", "val accuracy", "seconds", "options"}};
  for (const TrialResult& result : summary.search.results) {
    if (rows.size() == kMaxRows) break;
    rows.push_back({fmt::format("{}", result.trial), fmt::format("{}", result.epochs),
                    result.validation ? accuracy_text(*result.validation) : "diverged",
                    fmt::format("{:.2f}", result.seconds), summary.options_of(result.trial)});
  }
  return rows;
}

std::string tune_text(const TuneSummary& summary, std::size_t width, bool color) {
  std::vector<Cells> rows = best_rows(summary);
  Cells options;
  for (Cells& row : rows) options.push_back(row.back()), row.pop_back();
  const std::vector<std::string> lines = table_lines(rows);
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += labelled(lines[i] + "  ", columns_of(lines[i]) + 2, options[i], width) + '\n';
  const auto line = [&text](std::string_view label, const std::string& value) {
    text += fmt::format("{:<15}{}\n", label, value);
  };
  text += '\n';
  std::string gain;
  if (summary.gain && summary.workers > 1)
    gain =
        fmt::format("; {} at once do {:.2f} ({:.2f}–{:.2f}) times the work of one", summary.workers,
                    summary.gain->median, summary.gain->lower, summary.gain->upper);
  line("search",
       fmt::format("{}, {} in {:.2f} s{}", count_of(std::ssize(summary.search.results), "trial"),
                   count_of(summary.search.epochs_trained, "epoch"), summary.search.seconds, gain));
  if (const auto& trained = summary.trained) {
    line("trained", trained->status == TrainStatus::kInterrupted
                        ? "stopped: the best as far as it was trained"
                        : "the best anew, on all training samples");
    text += test_accuracy_text(trained->test, color) + '\n';
    line("weights", trained->weights);
  }
  return text + summary.command;
}

Json tune_start_object(const TuneStart& start) {
  Json object = document_of("tune", start.environment);
  object.update({{"data", start.data},
                 {"recipe", to_json(start.recipe)},
                 {"space", start.space},
                 {"workers", start.workers},
                 {"trials", start.trials > 0 ? Json(start.trials) : Json()},
                 {"seconds", start.trials > 0 ? Json() : Json(start.seconds)}});
  return object;
}

Json trial_object(const TrialResult& result, const Recipe& recipe) {
  return {{"event", "trial"},
          {"trial", result.trial},
          {"epochs", result.epochs},
          {"status", result.validation ? "completed" : "diverged"},
          {"val_loss", field_of(result.validation, &Score::loss)},
          {"val_accuracy", field_of(result.validation, &Score::accuracy)},
          {"train_seconds", result.seconds},
          {"recipe", to_json(recipe)}};
}

Json tune_summary_object(const TuneSummary& summary) {
  const TrialResult& best = summary.search.results.front();
  const auto& trained = summary.trained;
  const auto test = trained ? std::optional(trained->test) : std::nullopt;
  return {{"event", "best"},
          {"trial", best.trial},
          {"epochs", best.epochs},
          {"val_loss", field_of(best.validation, &Score::loss)},
          {"val_accuracy", field_of(best.validation, &Score::accuracy)},
          {"status", trained ? Json(word_of(trained->status)) : Json()},
          {"test_loss", field_of(test, &Score::loss)},
          {"test_accuracy", field_of(test, &Score::accuracy)},
          {"test_accuracy_stderr", test ? Json(test->accuracy_stderr()) : Json()},
          {"weights", field_of(trained, &TrainResult::weights)},
          {"recipe", to_json(summary.recipe)},
          {"command", summary.command},
          {"trials", summary.search.results.size()},
          {"epochs_trained", summary.search.epochs_trained},
          {"search_seconds", summary.search.seconds},
          {"gain", field_of(summary.gain, &Spread::median)},
          {"gain_lower", field_of(summary.gain, &Spread::lower)},
          {"gain_upper", field_of(summary.gain, &Spread::upper)}};
}

std::string tune_progress_line(double share, double elapsed_seconds, std::int64_t trials,
                               const std::optional<Score>& best, int width, bool color) {
  constexpr int kBarColumns = 24;
  const std::string rest =
      fmt::format("  {:3.0f}%  {}  best {}  ETA {}", std::floor(100 * share),
                  count_of(trials, "trial"), best ? percent(best->accuracy) : "-",
                  share > 0 ? clock_text(elapsed_seconds * (1 - share) / share) : "-");
  const int room = width - static_cast<int>(columns_of(rest));
  if (room < 0) return {};
  return progress_bar(share, std::min(room, kBarColumns), color) + rest;
}

}  // namespace trp
