#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "measure/comparison.h"
#include "profile/times.h"
#include "report/environment.h"
#include "report/table.h"
#include "system/line_writer.h"
#include "trp/train.h"

namespace trp {

/// What is told before the first step.
struct RunStart {
  Environment environment;
  Recipe recipe;
  Plan plan;         // with the workers that there are
  std::string data;  // where the data came from, for people
  Index test_samples = 0;
  int repeat = 1;  // seeds
  TrainStart training;
};

/// What is told at the end.
struct RunSummary {
  const TrainResult& result;
  double total_seconds = 0;  // of the whole command, loading the data included
  std::optional<Comparison> comparison = std::nullopt;
  std::optional<PhaseTimes> times = std::nullopt;             // of all ranks' workers
  std::optional<double> ranks_bytes_per_step = std::nullopt;  // that all send, if there are several
};

/// What a training with one of several seeds has come to.
struct RepeatedRun {
  std::uint64_t seed = 0;
  const TrainResult& result;
};

/// What trainings with several seeds have come to.
struct RepeatSummary {
  std::vector<double> accuracies;   // on the test set
  std::vector<double> validations;  // accuracies on the validation set, if there is one
  std::vector<double> seconds;      // of training
};

/// Something that happens in a training, from its start to its summary.
using RunEvent =
    std::variant<RunStart, StepReport, EpochResult, RunSummary, RepeatedRun, RepeatSummary>;

/// Whether a step is one of those that a line is wanted for, one in so many of an epoch's batches.
inline bool is_logged(const StepReport& step, int log_interval) {
  return log_interval > 0 && step.batch % log_interval == 0;
}

/// Tells somebody of the events of one training, in the order in which they happen. A writer that
/// a reporter was made with must outlive it, and what the writer throws comes out of the reporter.
using Reporter = std::function<void(const RunEvent&)>;

/// Returns what is going to be trained on what and how, for people: names, empty where the one
/// before goes on, and texts.
std::vector<Cells> settings_of(const RunStart& start, bool with_pictures = false);

/// "completed 10 epochs", "diverged in epoch 1, batch 3, …"
std::string status_text(const TrainResult& result);

/// A plan that `auto` has made steps by, "tensor with 2 workers", and their share.
struct PlanShare {
  std::string plan;
  double share = 0;
};

/// Returns the plans of steps, the commonest first, without those of less than 1 %.
std::vector<PlanShare> plan_shares(std::vector<PlanUse> uses);

struct TextStyle {
  bool rows = true;      // a row for each epoch; otherwise only the summary
  int log_interval = 0;  // a row for every so many batches as well; 0: none
  bool color = false;
  bool pictures = false;  // of a pipeline's schedule, among the settings
};

/// Writes the results for people: aligned rows and a summary.
Reporter text_reporter(LineWriter& out, const TextStyle& style);

/// Writes, before the first step, what is going to be trained on what and how, for people.
Reporter settings_reporter(LineWriter& out, const TextStyle& style);

/// Writes each event as a JSON object on a line of its own (README.md lists the fields), a step
/// after every `log_interval` batches; 0: none.
Reporter json_lines_reporter(LineWriter& out, int log_interval);

/// Writes one JSON document with the same objects at the end, but for steps:
/// {"start": …, "epochs": […], "summary": …}, or with several seeds {"start": …, "runs": […],
/// "repeat": …}.
Reporter json_document_reporter(LineWriter& out);

/// Writes a header and one row for each epoch, with the fields of the JSON epoch, or for each seed,
/// if there are several, with those of the JSON run. A field without a
/// finite value is empty.
Reporter csv_reporter(LineWriter& out);

}  // namespace trp
