#include "cli/other_builds.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/recipe_options.h"
#include "cli/recipe_text.h"
#include "cli/say.h"
#include "cluster/cluster.h"
#include "core/fail.h"
#include "report/bench_others.h"
#include "system/child_process.h"

namespace trp {
namespace {

constexpr int kMaxTrainingDepth = 16;  // of the JSON of a training

/// What is common to all versions comes by name; what another may not know only where it matters.
std::vector<std::string> training_command(const std::string& program, Recipe recipe,
                                          const BenchRow& row, const DataFiles& files) {
  std::vector<std::string> command = {program,         "train",
                                      "--images",      files.train_images,
                                      "--labels",      files.train_labels,
                                      "--test-images", files.test_images,
                                      "--test-labels", files.test_labels,
                                      "--quiet",       "--format",
                                      "json"};
  recipe.batch_size = row.batch_size;
  for (std::string& argument : recipe_arguments(recipe)) command.push_back(std::move(argument));
  const Json plan = to_json(row.plan), usual = to_json(Plan());
  for (const auto& item : plan.items()) {
    const bool is_needed = item.key() == "strategy" || item.key() == "workers";
    if (!is_needed && item.value() == usual[item.key()]) continue;
    command.push_back(option_of(item.key()));
    command.push_back(value_text(item.value()));
  }
  return command;
}

std::string build_text(const Json& build) {
  const auto commit = build.at("commit").get<std::string>();
  return fmt::format("{}{}, {}", build.at("version").get<std::string>(),
                     commit.empty() ? "" : fmt::format(" ({})", commit),
                     build.at("compiler").get<std::string>());
}

/// Keeps what the JSON of a training tells, and returns its seconds.
double keep_run(const Json& document, BenchRow& row, bool is_baseline) {
  const Json& summary = document.at("summary");
  const auto seconds = summary.at("train_seconds").get<double>();
  if (!(seconds > 0)) fail("expected a time above 0, found {}", seconds);
  row.samples = std::llround(seconds * summary.at("samples_per_second").get<double>());
  (is_baseline ? row.baseline->weights : row.weights) = summary.at("weights").get<std::string>();
  if (is_baseline) row.baseline->origin = build_text(document.at("start").at("build"));
  return seconds;
}

constexpr double kMaxSlowdown = 1e6;

}  // namespace

void add_others(CLI::App& app, BenchCommandOptions& options) {
  app.option_defaults()->group("Comparing with another build, time or machine");
  app.add_option("--baseline", options.baseline,
                 "another build, raced with this one; each run is a process of its own")
      ->transform(any_path())
      ->type_name("PROGRAM");
  add_path(app, "--beside", options.beside,
           "what --export-json has written, to be shown beside; judged if CPU and speeds agree",
           file_path());
  app.add_option("--max-slowdown", options.max_slowdown,
                 "exit with 4 when a case surely takes more than X times as long")
      ->transform(number(0, kMaxSlowdown))
      ->type_name("X");
}

void check_others(const BenchCommandOptions& options) {
  if (options.max_slowdown && options.baseline.empty() && options.beside.empty())
    fail_usage("--max-slowdown: expected --baseline or --beside as well, which it bounds");
  if (!options.baseline.empty() && options.cluster->has_others())
    fail_usage("--baseline: expected one process, found {} ranks", options.cluster->size());
  const DataOptions& data = options.data;
  const std::array paths = {data.train_images, data.train_labels, data.test_images,
                            data.test_labels};
  if (!options.baseline.empty() && std::ranges::count(paths, "-") > 0)
    fail_usage("--baseline: expected files of data, which both builds read, found standard input");
}

void race_builds(BenchOptions& bench, const std::string& baseline, const DataFiles& files,
                 const std::atomic<bool>& stop) {
  for (BenchRow& row : bench.cases) row.baseline = OtherRuns{.name = baseline, .in_turn = true};
  bench.run_outside = [&, recipe = bench.recipe](BenchRow& row,
                                                 bool is_baseline) -> std::optional<double> {
    const std::string program = is_baseline ? baseline : "/proc/self/exe";
    const auto result = run_child(training_command(program, recipe, row, files), stop);
    if (!result) return std::nullopt;
    if (result->exit_code != 0)
      fail("{}: expected to train, ended with exit code {}", program, result->exit_code);
    try {
      return keep_run(parse_json_object(result->out, kMaxTrainingDepth, {program}), row,
                      is_baseline);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception&) {
      fail("{}: expected the JSON of a training on standard output, found something else", program);
    }
  };
}

bool says_slowdown(double bound, const std::vector<BenchRow>& rows) {
  bool is_slower = false;
  for (const BenchRow& row : rows)
    for (const OtherRuns* other : others_of(row)) {
      if (!other->why_not_judged.empty() || other->slowdown.lower <= bound) continue;
      say("{}, beyond --max-slowdown {}", slowdown_text(row, *other), bound);
      is_slower = true;
    }
  return is_slower;
}

}  // namespace trp
