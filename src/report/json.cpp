#include "report/json.h"

#include <cmath>
#include <memory>

#include "measure/statistics.h"
#include "report/json_values.h"
#include "report/names.h"
#include "strategy/phase.h"

namespace trp {
namespace {

Json start_object(const RunStart& start) {
  const Recipe& recipe = start.recipe;
  const Plan& plan = start.plan;
  const bool merges = plan.strategy == StrategyKind::kData;
  Json object = {{"event", "start"},
                 {"schema", kSchema},
                 {"version", start.version},
                 {"seed", recipe.seed},
                 {"strategy", word_of(plan.strategy)},
                 {"merge", merges ? Json(word_of(plan.merge)) : Json()},
                 {"workers", plan.workers},
                 {"cpus", start.cpus},
                 {"batch_size", recipe.batch_size},
                 {"layers", start.training.layers},
                 {"parameters", start.training.parameter_count},
                 {"simd", start.simd},
                 {"data", start.data},
                 {"train_samples", start.training.train_samples},
                 {"zero_share", start.training.zero_share},
                 {"zero_inputs", start.training.skips_zeros ? "skip" : "multiply"},
                 {"augment", augment_text(recipe.augment)},
                 {"loaders", start.training.loaders},
                 {"queue", plan.queue}};
  if (!start.training.stages.empty()) {
    object["pipeline_schedule"] = word_of(plan.pipeline_schedule);
    object["micro_batches"] = start.training.micro_batches;
    object["stages"] = start.training.stages;
  }
  return object;
}

Json step_object(const StepReport& step) {
  return {{"event", "step"},
          {"epoch", step.epoch},
          {"batch", step.batch},
          {"samples", step.samples_done},
          {"train_loss", number_or_null(step.mean_loss)},
          {"lr", number_or_null(step.learning_rate)}};
}

Json epoch_object(const EpochResult& epoch) {
  const auto& validation = epoch.validation;
  return {{"event", "epoch"},
          {"epoch", epoch.epoch},
          {"train_loss", number_or_null(epoch.train_loss)},
          {"train_accuracy", number_or_null(epoch.train_accuracy)},
          {"val_loss", validation ? number_or_null(validation->loss) : Json()},
          {"val_accuracy", validation ? number_or_null(validation->accuracy) : Json()},
          {"lr", number_or_null(epoch.learning_rate)},
          {"seconds", number_or_null(epoch.seconds)},
          {"samples_per_second", number_or_null(epoch.samples_per_second)}};
}

Json summary_object(const RunSummary& summary) {
  const TrainResult& result = summary.result;
  Json object = {{"event", "summary"},
                 {"status", word_of(result.status)},
                 {"epochs", result.epochs.size()},
                 {"test_loss", number_or_null(result.test.loss)},
                 {"test_accuracy", number_or_null(result.test.accuracy)},
                 {"test_accuracy_stderr", number_or_null(result.test.accuracy_stderr())},
                 {"train_seconds", number_or_null(result.train_seconds)},
                 {"total_seconds", number_or_null(summary.total_seconds)},
                 {"samples_per_second", number_or_null(result.samples_per_second)},
                 {"weights", result.weights}};
  if (result.best_epoch > 0) object["best_epoch"] = result.best_epoch;
  if (const auto& bubble = result.bubble) {
    object["bubble_predicted"] = bubble->predicted;
    object["bubble_measured"] = bubble->measured;
  }
  if (const auto& divergence = result.divergence) {
    object["diverged_epoch"] = divergence->epoch;
    object["diverged_batch"] = divergence->batch;
    object["diverged_lr"] = number_or_null(divergence->learning_rate);
  }
  return object;
}

Json comparison_object(const Comparison& comparison) {
  const double speedup = comparison.speedup();
  return {{"event", "comparison"},
          {"sequential_seconds", number_or_null(comparison.sequential_seconds)},
          {"parallel_seconds", number_or_null(comparison.parallel_seconds)},
          {"workers", comparison.workers},
          {"speedup", number_or_null(speedup)},
          {"efficiency", number_or_null(efficiency(speedup, comparison.workers))},
          {"karp_flatt", number_or_null(karp_flatt(speedup, comparison.workers))},
          {"same_bits", comparison.same_bits}};
}

Json time_object(const PhaseTimes& times) {
  Json object = {{"event", "time"},
                 {"wall_seconds", times.wall_seconds},
                 {"fork_join_seconds", times.fork_join_seconds},
                 {"workers", Json::array()}};
  for (const WorkerTimes& worker : times.workers) {
    Json seconds = Json::object();
    for (std::size_t p = 0; p < kPhaseCount; ++p) seconds[kPhaseWords[p]] = worker.seconds[p];
    object["workers"].push_back(
        {{"seconds", std::move(seconds)}, {"given_seconds", worker.preempted_seconds}});
  }
  return object;
}

/// Names of files need not be UTF-8; JSON has to be.
std::string to_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

RunEvents json_lines_reporter(LineWriter& out, int log_interval) {
  RunEvents events = {
      .start = [&out](const RunStart& start) { out.write_line(to_text(start_object(start))); },
      .epoch = [&out](const EpochResult& epoch) { out.write_line(to_text(epoch_object(epoch))); },
      .summary =
          [&out](const RunSummary& summary) {
            out.write_line(to_text(summary_object(summary)));
            if (summary.comparison) out.write_line(to_text(comparison_object(*summary.comparison)));
            if (summary.times) out.write_line(to_text(time_object(*summary.times)));
          }};
  if (log_interval > 0) {
    events.step = [&out, log_interval](const StepReport& step) {
      if (step.batch % log_interval == 0) out.write_line(to_text(step_object(step)));
    };
  }
  return events;
}

RunEvents json_document_reporter(LineWriter& out) {
  const auto document = std::make_shared<Json>();
  return {.start =
              [document](const RunStart& start) {
                (*document)["start"] = start_object(start);
                (*document)["epochs"] = Json::array();
              },
          .epoch =
              [document](const EpochResult& epoch) {
                (*document)["epochs"].push_back(epoch_object(epoch));
              },
          .summary =
              [document, &out](const RunSummary& summary) {
                (*document)["summary"] = summary_object(summary);
                if (summary.comparison)
                  (*document)["comparison"] = comparison_object(*summary.comparison);
                if (summary.times) (*document)["time"] = time_object(*summary.times);
                out.write_line(to_text(*document, 2));
              }};
}

}  // namespace trp
