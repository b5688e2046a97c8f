#include "report/train_page.h"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

#include "measure/timeline.h"
#include "report/html.h"
#include "report/numbers.h"
#include "strategy/phase.h"

namespace trp {
namespace {

std::vector<Kind> phase_kinds() {
  constexpr std::array<int, kPhaseCount> kColors = {5, 9, 0, 4, 3, 1, 6, 7, 2, 7, 8, 8};
  std::vector<Kind> kinds;
  for (const std::string_view word : kPhaseWords)
    kinds.push_back({std::string(word), kColors[kinds.size()]});
  return kinds;
}

/// Adds lines of a quantity over the epochs, of training and, if there is any, of validation.
void add_epochs(std::vector<Series>& lines, const std::vector<EpochResult>& epochs,
                double (*training)(const EpochResult&), double (*validation)(const Score&)) {
  Series trained = {"training", {}}, validated = {"validation", {}, 1};
  for (const EpochResult& epoch : epochs) {
    const auto x = static_cast<double>(epoch.epoch);
    trained.points.push_back({x, training(epoch)});
    if (epoch.validation) validated.points.push_back({x, validation(*epoch.validation)});
  }
  lines.push_back(trained);
  if (!validated.points.empty()) lines.push_back(validated);
}

/// Only steps are told of: recorders may leave some of them out, and with them what is between.
std::string times_figure(const PhaseTimes& times) {
  std::vector<Lane> lanes;
  for (const WorkerTimes& worker : times.workers) {
    std::array<double, kPhaseCount> shares = {};
    std::copy_n(worker.seconds.begin(), kPhaseCount, shares.begin());
    shares[Phase::kEvaluation] = 0;
    const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share *= 100 / all;
    lanes.push_back(stacked(fmt::format("worker {}", lanes.size() + 1), shares));
  }
  return lane_chart("What each worker did in the steps", {.title = "% of its time", .reach = 100},
                    phase_kinds(), lanes);
}

std::string comparison_figure(const Comparison& comparison) {
  return bar_chart(fmt::format("{:.2f} times as fast as sequential training, with {} bits",
                               comparison.speedup(), comparison.same_bits ? "the same" : "other"),
                   {.title = "seconds of training"},
                   {{"sequential", comparison.sequential_seconds},
                    {count_of(comparison.workers, "worker"), comparison.parallel_seconds}});
}

std::string uncertainty_text(const std::optional<Comparison>& comparison) {
  if (!comparison || comparison->is_certain) return {};
  return fmt::format(
      "How fast it is, is uncertain: other programs may have cost up to {:.0f} % of "
      "the time.",
      100 * comparison->lost_share);
}

std::string plans_figure(const std::vector<PlanUse>& uses) {
  std::vector<Bar> bars;
  for (const auto& [plan, share] : plan_shares(uses)) bars.push_back({plan, 100 * share});
  return bar_chart("What auto made the steps by", {.title = "% of the steps", .reach = 100}, bars);
}

std::string bubble_figure(const PipelineBubble& bubble) {
  return bar_chart("The bubble: how long the pipeline's stages wait",
                   {.title = "% of the time", .reach = 100},
                   {{"measured", 100 * bubble.measured},
                    {"if all slots took equally long", 100 * bubble.predicted}});
}

PageHead train_head(const RunStart& start, const RunSummary& summary, const std::string& command) {
  const TrainResult& result = summary.result;
  PageHead head = {"train", status_text(result), {}, environment_facts(command, start.environment)};
  if (result.test.sample_count > 0) {
    const std::string accuracy = percent(result.test.accuracy);
    if (!result.divergence) head.title = accuracy + " test accuracy";
    head.figures = {{"test accuracy", accuracy_text(result.test)},
                    {"test loss", loss_text(result.test.loss)}};
  }
  head.figures.push_back({"training", fmt::format("{:.2f} s", result.train_seconds)});
  head.figures.push_back({"samples/s", with_unit(result.samples_per_second)});
  if (summary.comparison)
    head.figures.push_back({"speedup", fmt::format("{:.2f}", summary.comparison->speedup())});
  std::vector<Cells> facts = settings_of(start);
  facts.insert(facts.end(), {{"status", status_text(result)}, {"weights", result.weights}});
  head.facts.insert(head.facts.begin() + 1, facts.begin(), facts.end());
  return head;
}

}  // namespace

void TrainPage::add(const RunEvent& event) {
  if (const auto* start = std::get_if<RunStart>(&event)) start_ = *start;
  const auto* step = std::get_if<StepReport>(&event);
  if (!step) return;
  constexpr double kMaxPoints = 500;  // more would not be seen
  if (step->epoch != before_.epoch) before_ = {.epoch = step->epoch};
  const auto samples = static_cast<double>(step->samples_done - before_.samples_done);
  const auto in_epoch = static_cast<double>(step->samples_in_epoch);
  const bool is_last = step->samples_done == step->samples_in_epoch;
  if (samples * kMaxPoints < in_epoch * start_.recipe.epochs && !is_last) return;
  const auto sum = [](const StepReport& of) {
    return of.mean_loss * static_cast<double>(of.samples_done);
  };
  const double epochs = step->epoch - 1 + static_cast<double>(step->samples_done) / in_epoch;
  losses_.push_back({epochs, (sum(*step) - sum(before_)) / samples});
  rates_.push_back({epochs, step->learning_rate});
  before_ = *step;
}

std::string TrainPage::html(const RunSummary& summary,
                            const std::optional<EvaluationReport>& evaluation,
                            const PhaseRecorder& recorder, const std::string& command) const {
  const TrainResult& result = summary.result;
  std::vector<Series> losses = {{"", losses_, 0, Series::kFaint}}, accuracies;
  Series rates = {"learning rate", {}};
  add_epochs(
      losses, result.epochs, [](const EpochResult& epoch) { return epoch.train_loss; },
      [](const Score& score) { return score.loss; });
  add_epochs(
      accuracies, result.epochs,
      [](const EpochResult& epoch) { return 100 * epoch.train_accuracy; },
      [](const Score& score) { return 100 * score.accuracy; });
  for (const EpochResult& epoch : result.epochs)
    rates.points.push_back({static_cast<double>(epoch.epoch), epoch.learning_rate});
  const Axis x = {.title = "epochs"};
  const std::string curves =
      line_chart("Loss; faint: means of a few steps", x, {.title = "loss"}, losses) +
      line_chart("Accuracy", x, {.title = "accuracy, %", .from_zero = false}, accuracies) +
      line_chart("Learning rate", x, {.title = "learning rate"}, {{"", rates_}, rates});
  return html_page(
      train_head(start_, summary, command),
      (curves.empty() ? "" : page_section("How it learned", "", curves)) +
          (evaluation ? evaluation_sections(*evaluation, result.mlp) : "") +
          page_section("Where the time went", uncertainty_text(summary.comparison),
                       (summary.comparison ? comparison_figure(*summary.comparison) : "") +
                           (result.plan_uses.empty() ? "" : plans_figure(result.plan_uses)) +
                           (result.bubble ? bubble_figure(*result.bubble) : "") +
                           times_figure(recorder.times()) +
                           steps_figure("A typical step, and the next two", recorder)));
}

std::string steps_figure(const std::string& title, const PhaseRecorder& recorder, int steps) {
  const int first = typical_step(recorder);
  if (first < 0) return {};
  std::vector<Lane> lanes;
  double begin = 0, shortest = 0;
  for (int w = 0; w < recorder.worker_count(); ++w) {
    std::vector<Slice> slices = worker_slices(recorder, w);
    std::erase_if(slices, [=](const Slice& slice) {
      return slice.step < first || slice.step >= first + steps;
    });
    if (w == 0) begin = slices.front().begin, shortest = (slices.front().end - begin) / 1000;
    lanes.push_back({fmt::format("worker {}", w + 1), {}});
    std::vector<Segment>& segments = lanes.back().segments;
    for (const Slice& slice : flatten(slices)) {
      // What is too short to be seen is left out, and what lay around it is joined.
      if (slice.end - slice.begin < shortest) continue;
      const Segment next = {1e6 * (slice.begin - begin), 1e6 * (slice.end - begin),
                            static_cast<std::size_t>(slice.phase)};
      if (!segments.empty() && segments.back().kind == next.kind &&
          next.begin - segments.back().end < 3e6 * shortest) {
        segments.back().end = next.end;
      } else {
        segments.push_back(next);
      }
    }
  }
  return lane_chart(title, {.title = "µs"}, phase_kinds(), lanes);
}

}  // namespace trp
