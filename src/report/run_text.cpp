#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/color.h>
#include <fmt/ranges.h>

#include "measure/statistics.h"
#include "report/evaluation.h"
#include "report/numbers.h"
#include "report/picture.h"
#include "report/run.h"
#include "report/time.h"
#include "strategy/pipeline_schedule.h"
#include "system/terminal.h"
#include "train/words.h"

namespace trp {
namespace {

constexpr int kMaxSlotsShown = 24;
constexpr double kMinShareTold = 0.01;  // of the steps

std::string table_header(bool with_validation) {
  return fmt::format("epoch  train loss  train acc{}         lr  samples/s  seconds",
                     with_validation ? "  val loss  val acc" : "");
}

std::string epoch_row(const EpochResult& epoch) {
  std::string validation;
  if (epoch.validation) {
    validation = fmt::format("  {:>8}  {:>7}", loss_text(epoch.validation->loss),
                             short_percent(epoch.validation->accuracy));
  }
  return fmt::format("{:>5}  {:>10}  {:>9}{}  {:>9.4g}  {:>9.0f}  {:>7.2f}", epoch.epoch,
                     loss_text(epoch.train_loss), short_percent(epoch.train_accuracy), validation,
                     epoch.learning_rate, epoch.samples_per_second, epoch.seconds);
}

std::string step_row(const StepReport& step) {
  return fmt::format("{:>5}  {:>10}  batch {}, {} of {} samples, lr {:.4g}", step.epoch,
                     loss_text(step.mean_loss), step.batch, step.samples_done,
                     step.samples_in_epoch, step.learning_rate);
}

fmt::text_style status_style(TrainStatus status) {
  const bool good = status == TrainStatus::kCompleted || status == TrainStatus::kEarlyStopped;
  return fmt::fg(good ? fmt::terminal_color::green : fmt::terminal_color::red);
}

std::string comparison_text(const Comparison& comparison) {
  const double speedup = comparison.speedup();
  std::string text = fmt::format(
      "speedup        {:.2f}   ({:.2f} s sequentially, {:.2f} s by {}: efficiency {}, {})", speedup,
      comparison.sequential_seconds, comparison.parallel_seconds,
      count_of(comparison.workers, "worker"), percent(efficiency(speedup, comparison.workers)),
      comparison.same_bits ? "same weights" : "different weights");
  if (speedup > comparison.workers)
    text += "\n               above 100 %: by chance, or since more cores have more caches";
  if (!comparison.is_certain)
    text += fmt::format(
        "\n               uncertain: other programs may have cost up to {:.0f} % of the time",
        100 * comparison.lost_share);
  return text;
}

std::string plan_uses_text(const std::vector<PlanUse>& uses) {
  std::string text;
  for (const auto& [plan, share] : plan_shares(uses))
    text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", plan, 100 * share);
  return text.empty() ? "no step was made" : text + " of the steps";
}

void write_summary(LineWriter& out, const RunSummary& summary, bool color) {
  const TrainResult& result = summary.result;
  out.write_line(test_accuracy_text(result.test, color));
  if (const auto& validation = result.validation)
    out.write_line(fmt::format("validation     {}   (loss {}, {} samples)",
                               accuracy_text(*validation), loss_text(validation->loss),
                               grouped(validation->sample_count)));
  out.write_line(fmt::format("time           {:.2f} s training, {:.2f} s in all   ({} samples/s)",
                             result.train_seconds, summary.total_seconds,
                             with_unit(result.samples_per_second)));
  if (summary.comparison) out.write_line(comparison_text(*summary.comparison));
  if (const auto& bubble = result.bubble) {
    out.write_line(fmt::format(
        "bubble         the stages wait {} of the time ({} if all slots took equally long)",
        percent(bubble->measured), percent(bubble->predicted)));
  }
  if (!result.plan_uses.empty())
    out.write_line(fmt::format("strategy       {}", plan_uses_text(result.plan_uses)));
  if (const auto& bytes = summary.ranks_bytes_per_step)
    out.write_line(fmt::format("ranks          exchange {}B in a step", with_unit(*bytes)));
  out.write_line(fmt::format("weights        {}{}", result.weights, fma_note()));
  std::string status = paint(color, status_style(result.status), status_text(result));
  if (result.best_epoch > 0)
    status += fmt::format("; the weights are those of epoch {}", result.best_epoch);
  out.write_line(fmt::format("status         {}", status));
  if (!summary.times) return;
  out.write_line("");
  for (const std::string& line : time_table(*summary.times)) out.write_line(line);
}

std::string run_row(const RepeatedRun& run) {
  const TrainResult& result = run.result;
  return fmt::format("seed {:<6}     {:>8}   (loss {}, {:.2f} s, {})", run.seed,
                     percent(result.test.accuracy), loss_text(result.test.loss),
                     result.train_seconds, result.weights);
}

void write_repeat_summary(LineWriter& out, const RepeatSummary& summary, bool color) {
  if (summary.accuracies.empty())
    return out.write_line("test accuracy  not measured: no seed was completed");
  const std::string accuracy = fmt::format("{} ± {}", percent(mean(summary.accuracies)),
                                           percent(standard_deviation(summary.accuracies)));
  out.write_line(fmt::format("test accuracy  {}   (mean and deviation of {})",
                             paint(color, fmt::emphasis::bold, accuracy),
                             count_of(std::ssize(summary.accuracies), "seed")));
  if (!summary.validations.empty())
    out.write_line(fmt::format("validation     {} ± {}", percent(mean(summary.validations)),
                               percent(standard_deviation(summary.validations))));
  out.write_line(fmt::format("time           {:.2f} s ± {:.2f} s training each",
                             mean(summary.seconds), standard_deviation(summary.seconds)));
}

std::string samples_text(const RunStart& start) {
  std::string validation;
  if (start.training.validation_samples > 0) {
    validation = fmt::format(", {} for validation", grouped(start.training.validation_samples));
  }
  return fmt::format("{} samples to train on{}, {} to test", grouped(start.training.train_samples),
                     validation, grouped(start.test_samples));
}

std::string training_text(const Recipe& recipe) {
  const bool is_sgd = recipe.optimizer == OptimizerKind::kSgd;
  std::string text = fmt::format("{}learning rate {} {}",
                                 is_sgd ? "" : fmt::format("{}, ", word_of(recipe.optimizer)),
                                 recipe.learning_rate, word_of(recipe.learning_rate_schedule));
  const auto add_if_set = [&](std::string_view name, double value) {
    if (value > 0) text += fmt::format(", {} {:.4g}", name, value);
  };
  add_if_set("warm-up epochs", recipe.warmup_epochs);
  if (is_sgd) add_if_set(recipe.nesterov ? "Nesterov momentum" : "momentum", recipe.momentum);
  add_if_set("weight decay", recipe.weight_decay);
  add_if_set("gradient norm at most", recipe.clip_norm);
  add_if_set("label smoothing", recipe.label_smoothing);
  if (!recipe.dropout.empty())
    text += fmt::format(", dropout {}", fmt::join(recipe.dropout, " and "));
  if (recipe.class_weights != ClassWeights::kNone)
    text += fmt::format(", class weights {}", word_of(recipe.class_weights));
  add_if_set("weights averaged by", recipe.average_weights);
  return text;
}

std::string workers_text(const RunStart& start) {
  const Plan& plan = start.plan;
  const bool is_auto = plan.strategy == StrategyKind::kAuto;
  std::string text(is_auto ? "fastest strategy" : word_of(plan.strategy));
  if (!is_auto && plan.strategy != StrategyKind::kSequential) text += "-parallel";
  if (plan.strategy == StrategyKind::kData) text += fmt::format(", merge {}", word_of(plan.merge));
  if (plan.ranks > 1)
    return fmt::format("{} of {}, which share out {}, {}", count_of(plan.ranks, "rank"),
                       count_of(plan.workers, "worker"), word_of(plan.ranks_split),
                       start.environment.build.simd);
  return fmt::format("{} on {}, {}, {}", count_of(plan.workers, "worker"),
                     count_of(start.environment.cpus, "CPU"), text, start.environment.build.simd);
}

std::string pipeline_text(const RunStart& start) {
  std::string stages;
  Index layer = 0;
  for (const Index size : start.training.stages) {
    stages += fmt::format("{}{}", stages.empty() ? "" : " | ", layer + 1);
    if (size > 1) stages += fmt::format("-{}", layer + size);
    layer += size;
  }
  return fmt::format("{}, {}, {} of layers {}", word_of(start.plan.pipeline_schedule),
                     count_of(start.training.micro_batches, "micro-batch"),
                     count_of(std::ssize(start.training.stages), "stage"), stages);
}

/// Nothing for an event that has no row.
std::string row_of(const RunEvent& event, const TextStyle& style) {
  if (const auto* start = std::get_if<RunStart>(&event); start && start->repeat > 1) return {};
  if (const auto* start = std::get_if<RunStart>(&event))
    return paint(style.color, fmt::emphasis::bold,
                 table_header(start->training.validation_samples > 0));
  if (const auto* epoch = std::get_if<EpochResult>(&event)) return epoch_row(*epoch);
  if (const auto* run = std::get_if<RepeatedRun>(&event)) return run_row(*run);
  const auto* step = std::get_if<StepReport>(&event);
  return step && is_logged(*step, style.log_interval) ? step_row(*step) : std::string();
}

}  // namespace

std::string status_text(const TrainResult& result) {
  const std::string after = count_of(std::ssize(result.epochs), "epoch");
  switch (result.status) {
    case TrainStatus::kCompleted:
      return fmt::format("completed {}", after);
    case TrainStatus::kInterrupted:
      return fmt::format("interrupted after {}", after);
    case TrainStatus::kDiverged:
      return fmt::format("diverged in epoch {}, batch {}, at learning rate {:.4g}",
                         result.divergence->epoch, result.divergence->batch,
                         result.divergence->learning_rate);
    case TrainStatus::kEarlyStopped:
      return fmt::format("stopped early after {}", after);
  }
  return {};
}

std::vector<PlanShare> plan_shares(std::vector<PlanUse> uses) {
  std::ranges::stable_sort(uses, std::ranges::greater(), &PlanUse::steps);
  double all = 0;
  for (const PlanUse& use : uses) all += static_cast<double>(use.steps);
  std::vector<PlanShare> shares;
  for (const auto& [plan, steps] : uses)
    if (const double share = static_cast<double>(steps) / all; share >= kMinShareTold)
      shares.push_back({plan.workers > 1 ? fmt::format("{} with {}", plan_name(plan),
                                                       count_of(plan.workers, "worker"))
                                         : plan_name(plan),
                        share});
  return shares;
}

std::vector<Cells> settings_of(const RunStart& start, bool with_pictures) {
  const Recipe& recipe = start.recipe;
  const TrainStart& training = start.training;
  std::vector<Cells> rows;
  const auto write = [&](const std::string& label, const std::string& text) {
    rows.push_back({label, text});
  };
  write("data", start.data);
  write("", samples_text(start));
  if (training.skips_zeros)
    write("",
          fmt::format("{:.0f} % of the inputs are zero and skipped", 100 * training.zero_share));
  write("network", network_text(training.layers, training.parameter_count));
  write("training",
        fmt::format("{}, batches of {}{}, {}, seed {}", count_of(recipe.epochs, "epoch"),
                    recipe.batch_size, recipe.dry_run ? " (dry run: one batch each)" : "",
                    training_text(recipe), recipe.seed));
  if (start.repeat > 1)
    write("", fmt::format("{}, from this one on", count_of(start.repeat, "seed")));
  if (!recipe.init.empty()) write("", fmt::format("starting from weights {}", recipe.init));
  if (recipe.normalization != Normalization::kNone)
    write("inputs", recipe.normalization == Normalization::kCenter
                        ? "less the training samples' mean"
                        : "less the training samples' mean, by their deviation");
  if (recipe.augment != AugmentOptions())
    write("augment", fmt::format("{}, anew in each epoch", augment_text(recipe.augment)));
  write("workers", workers_text(start));
  if (!training.stages.empty()) write("pipeline", pipeline_text(start));
  if (!training.stages.empty() && with_pictures) {
    const PipelineSchedule schedule =
        make_pipeline_schedule(start.plan.pipeline_schedule,
                               static_cast<int>(training.stages.size()), training.micro_batches);
    for (const std::string& line : pipeline_picture(schedule, kMaxSlotsShown)) write("", line);
  }
  if (training.loaders > 0) {
    write("loaders", fmt::format("{}, up to {} ahead", count_of(training.loaders, "loader"),
                                 count_of(start.plan.queue, "batch")));
  }
  return rows;
}

Reporter text_reporter(LineWriter& out, const TextStyle& style) {
  return [&out, style](const RunEvent& event) {
    if (const auto* summary = std::get_if<RunSummary>(&event)) {
      if (style.rows) out.write_line("");
      write_summary(out, *summary, style.color);
    } else if (const auto* repeat = std::get_if<RepeatSummary>(&event)) {
      write_repeat_summary(out, *repeat, style.color);
    } else if (style.rows) {
      const std::string row = row_of(event, style);
      if (!row.empty()) out.write_line(row);
    }
  };
}

Reporter settings_reporter(LineWriter& out, const TextStyle& style) {
  return [&out, style](const RunEvent& event) {
    const auto* start = std::get_if<RunStart>(&event);
    if (!start) return;
    for (const Cells& row : settings_of(*start, style.pictures))
      out.write_line(setting_line(row[0], row[1], style.color));
  };
}

}  // namespace trp
