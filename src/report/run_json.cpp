#include <memory>
#include <span>
#include <utility>

#include "measure/statistics.h"
#include "report/json.h"
#include "report/run.h"
#include "report/time.h"
#include "train/recipe_json.h"
#include "train/words.h"

namespace trp {
namespace {

/// The plan as it is carried out.
Plan actual_plan(const RunStart& start) {
  Plan plan = start.plan;
  plan.loaders = start.training.loaders;
  if (plan.strategy == StrategyKind::kPipeline) plan.micro_batches = start.training.micro_batches;
  return plan;
}

Json object_of(const RunStart& start) {
  const TrainStart& training = start.training;
  Json object = document_of("start", start.environment);
  object.update({{"data", start.data},
                 {"recipe", to_json(start.recipe)},
                 {"plan", to_json(actual_plan(start))},
                 {"layers", training.layers},
                 {"parameters", training.parameter_count},
                 {"stages", training.stages.empty() ? Json() : Json(training.stages)},
                 {"train_samples", training.train_samples},
                 {"val_samples", training.validation_samples},
                 {"test_samples", start.test_samples},
                 {"zero_share", training.zero_share},
                 {"skips_zeros", training.skips_zeros}});
  return object;
}

Json object_of(const StepReport& step) {
  return {{"event", "step"},
          {"epoch", step.epoch},
          {"batch", step.batch},
          {"samples", step.samples_done},
          {"train_loss", step.mean_loss},
          {"lr", step.learning_rate}};
}

Json object_of(const EpochResult& epoch) {
  return {{"event", "epoch"},
          {"epoch", epoch.epoch},
          {"train_loss", epoch.train_loss},
          {"train_accuracy", epoch.train_accuracy},
          {"val_loss", field_of(epoch.validation, &Score::loss)},
          {"val_accuracy", field_of(epoch.validation, &Score::accuracy)},
          {"lr", epoch.learning_rate},
          {"seconds", epoch.seconds},
          {"samples_per_second", epoch.samples_per_second}};
}

/// By what the steps of --strategy auto were made; null with any other.
Json plans_array(const std::vector<PlanUse>& uses) {
  Json array;
  for (const auto& [plan, steps] : uses)
    array.push_back(
        {{"strategy", word_of(plan.strategy)},
         {"merge", plan.strategy == StrategyKind::kData ? Json(word_of(plan.merge)) : Json()},
         {"workers", plan.workers},
         {"steps", steps}});
  return array;
}

Json object_of(const RunSummary& summary) {
  const TrainResult& result = summary.result;
  return {{"event", "summary"},
          {"status", word_of(result.status)},
          {"epochs", result.epochs.size()},
          {"best_epoch", result.best_epoch > 0 ? Json(result.best_epoch) : Json()},
          {"val_loss", field_of(result.validation, &Score::loss)},
          {"val_accuracy", field_of(result.validation, &Score::accuracy)},
          {"test_loss", result.test.loss},
          {"test_accuracy", result.test.accuracy},
          {"test_accuracy_stderr", result.test.accuracy_stderr()},
          {"train_seconds", result.train_seconds},
          {"total_seconds", summary.total_seconds},
          {"samples_per_second", result.samples_per_second},
          {"weights", result.weights},
          {"bubble_predicted", field_of(result.bubble, &PipelineBubble::predicted)},
          {"bubble_measured", field_of(result.bubble, &PipelineBubble::measured)},
          {"diverged_epoch", field_of(result.divergence, &Divergence::epoch)},
          {"diverged_batch", field_of(result.divergence, &Divergence::batch)},
          {"diverged_lr", field_of(result.divergence, &Divergence::learning_rate)},
          {"plans", plans_array(result.plan_uses)},
          {"ranks_bytes_per_step", value_to_json(summary.ranks_bytes_per_step)}};
}

Json object_of(const RepeatedRun& run) {
  return {{"event", "run"},
          {"seed", run.seed},
          {"status", word_of(run.result.status)},
          {"val_loss", field_of(run.result.validation, &Score::loss)},
          {"val_accuracy", field_of(run.result.validation, &Score::accuracy)},
          {"test_loss", run.result.test.loss},
          {"test_accuracy", run.result.test.accuracy},
          {"train_seconds", run.result.train_seconds},
          {"weights", run.result.weights}};
}

Json object_of(const RepeatSummary& summary) {
  const auto of_runs = [&](const std::vector<double>& values,
                           double (*figure)(std::span<const double>)) {
    return values.empty() ? Json() : Json(figure(values));
  };
  return {{"event", "repeat"},
          {"runs", summary.accuracies.size()},
          {"val_accuracy_mean", of_runs(summary.validations, mean)},
          {"val_accuracy_deviation", of_runs(summary.validations, standard_deviation)},
          {"test_accuracy_mean", of_runs(summary.accuracies, mean)},
          {"test_accuracy_deviation", of_runs(summary.accuracies, standard_deviation)},
          {"train_seconds_mean", of_runs(summary.seconds, mean)},
          {"train_seconds_deviation", of_runs(summary.seconds, standard_deviation)}};
}

Json object_of(const Comparison& comparison) {
  const double speedup = comparison.speedup();
  const int workers = comparison.workers;
  return {{"event", "comparison"},
          {"sequential_seconds", comparison.sequential_seconds},
          {"parallel_seconds", comparison.parallel_seconds},
          {"workers", workers},
          {"speedup", speedup},
          {"efficiency", efficiency(speedup, workers)},
          {"serial_fraction", value_to_json(serial_fraction(speedup, workers))},
          {"same_bits", comparison.same_bits},
          {"lost_share", comparison.lost_share}};
}

/// The objects that tell of an event.
std::vector<Json> objects_of(const RunEvent& event) {
  std::vector<Json> objects = {std::visit([](const auto& of) { return object_of(of); }, event)};
  const auto* summary = std::get_if<RunSummary>(&event);
  if (summary && summary->comparison) objects.push_back(object_of(*summary->comparison));
  if (summary && summary->times) objects.push_back(time_object(*summary->times));
  return objects;
}

}  // namespace

Reporter json_lines_reporter(LineWriter& out, int log_interval) {
  return [&out, log_interval](const RunEvent& event) {
    const auto* step = std::get_if<StepReport>(&event);
    if (step && !is_logged(*step, log_interval)) return;
    for (const Json& object : objects_of(event)) out.write_line(json_text(object));
  };
}

Reporter json_document_reporter(LineWriter& out) {
  const auto document = std::make_shared<Json>();
  return [&out, document](const RunEvent& event) {
    if (std::holds_alternative<StepReport>(event)) return;
    for (Json& object : objects_of(event)) {
      const auto name = object["event"].get<std::string>();
      if (name == "epoch" || name == "run") {
        (*document)[name + "s"].push_back(std::move(object));
      } else {
        (*document)[name] = std::move(object);
      }
    }
    if (const auto* start = std::get_if<RunStart>(&event))
      (*document)[start->repeat > 1 ? "runs" : "epochs"] = Json::array();
    const bool is_last =
        std::holds_alternative<RunSummary>(event) || std::holds_alternative<RepeatSummary>(event);
    if (is_last) out.write_line(json_text(*document, 2));
  };
}

Reporter csv_reporter(LineWriter& out) {
  return [&out](const RunEvent& event) {
    const auto* start = std::get_if<RunStart>(&event);
    const auto* epoch = std::get_if<EpochResult>(&event);
    const auto* run = std::get_if<RepeatedRun>(&event);
    if (!start && !epoch && !run) return;
    const TrainResult none;
    Json fields = epoch ? object_of(*epoch) : object_of(EpochResult());
    if (run) fields = object_of(*run);
    if (start && start->repeat > 1) fields = object_of(RepeatedRun{.result = none});
    fields.erase("event");
    out.write_line(start ? csv_header(fields) : csv_row(fields));
  };
}

}  // namespace trp
