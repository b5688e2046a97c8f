#include "cli/train.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/config_file.h"
#include "cli/help.h"
#include "cli/recipe_options.h"
#include "cli/values.h"
#include "core/fail.h"
#include "train/recipe_json.h"
#include "train/words.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr int kMaxRepeats = 10'000;
constexpr int kMaxTracedSteps = 100'000;
constexpr int kMaxLogInterval = 1'000'000'000;

void add_more_training(CLI::App& app, Recipe& recipe) {
  add_batch_size_and_validation(app, recipe);
  app.option_defaults()->group(kTrainingAdvancedGroup);
  app.add_option("--early-stopping", recipe.early_stopping,
                 "stop after N epochs without a better validation loss; 0: never")
      ->transform(whole_number(0, kMaxEpochs));
  app.add_flag("--dry-run", recipe.dry_run, "one batch per epoch");
}

void add_strategy(CLI::App& app, TrainOptions& options, const ConfigFile& config) {
  add_workers(app, options.plan.workers);
  app.option_defaults()->group(kParallelismGroup);
  CLI::Option* strategy = add_word(app, "--strategy", options.plan.strategy, kStrategyWords,
                                   "how work is divided; auto: the fastest");
  const auto be_sequential = [&options, strategy, &config] {
    const std::string name = strategy->get_name();
    const bool is_given = strategy->count() > 0 && config.origin(name) == name;
    if (is_given && options.plan.strategy != StrategyKind::kSequential)
      throw CLI::ExcludesError("--sequential", "--strategy " + strategy->results().back());
    strategy->clear();
    strategy->add_result(std::string("sequential"))->run_callback();
  };
  app.add_flag_callback("--sequential", be_sequential, "the same as --strategy sequential")
      ->configurable(false)
      ->group(kParallelismAdvancedGroup);
  add_word(app, "--merge", options.plan.merge, kMergeWords, "how shards' gradients are joined");
}

void add_timing(CLI::App& app, TrainOptions& options) {
  app.option_defaults()->group(kParallelismGroup);
  app.add_flag("--compare", options.compare, "train sequentially as well, in turns: the speedup");
  app.add_flag("--time", options.time, "tell where the time goes");
  app.option_defaults()->group(kParallelismAdvancedGroup);
  add_path(app, "--trace", options.trace, "write the timeline of every worker, for ui.perfetto.dev",
           file_path());
  app.add_option("--trace-steps", options.trace_steps, "the first N steps are in it")
      ->transform(whole_number(1, kMaxTracedSteps));
}

void add_saving(CLI::App& app, TrainOptions& options) {
  app.option_defaults()->group(kSavingGroup);
  add_path(app, "-o,--save", options.save, "the trained model: FILE.safetensors, .npz or .onnx",
           model_path());
  CLI::Option* checkpoint = add_path(app, "--checkpoint", options.checkpoint,
                                     "save the state, to go on from", file_path());
  add_path(app, "--resume", options.resume, "go on from such a state");
  app.add_option("--save-every", options.save_every, "save the state every N epochs")
      ->transform(whole_number(1, kMaxEpochs))
      ->needs(checkpoint)
      ->group(kSavingAdvancedGroup);
  add_path(app, "--init", options.init, "a model whose weights training starts from", file_path())
      ->group(kSavingAdvancedGroup);
}

void add_repeat(CLI::App& app, int& count) {
  app.option_defaults()->group(kTrainingAdvancedGroup);
  CLI::Option* repeat =
      app.add_option("--repeat", count, "train with N seeds: mean and deviation of the scores")
          ->transform(whole_number(1, kMaxRepeats));
  for (const char* other : {"--save", "--checkpoint", "--resume", "--compare", "--time", "--trace"})
    repeat->excludes(app.get_option(other));
}

void add_output(CLI::App& app, OutputOptions& output) {
  add_format(
      app, output.format,
      {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kJsonLines, OutputFormat::kCsv});
  add_path(app, "--log", output.log, "write JSON lines to a file as well",
           file_path("a file (--format jsonl writes to standard output)"));
  CLI::Option* quiet = app.add_flag("-q,--quiet", output.quiet, "results only");
  app.option_defaults()->group(kOutputAdvancedGroup);
  app.add_flag("-v,--verbose", output.verbose, "say more than usual")->excludes(quiet);
  app.add_option("--log-interval", output.log_interval,
                 "a line every N batches (text, jsonl, --log); 0: epochs only")
      ->transform(whole_number(0, kMaxLogInterval));
  app.add_flag_callback(
      "--no-progress", [&output] { output.progress = false; }, "no progress bar");
  add_color(app, output.color);
}

void add_config(CLI::App& app, const std::shared_ptr<ConfigFile>& config, TrainOptions& options) {
  app.config_formatter(config);
  app.option_defaults()->group(kOutputGroup);
  app.set_config("-c,--config", "", "options from a file of lines name = value")
      ->transform(any_path())
      ->type_name("FILE");
  app.add_flag("--print-config", options.print_config, "show such a file of the options given")
      ->configurable(false)
      ->group(kOutputAdvancedGroup);
}

void check_together(const TrainOptions& options) {
  if (options.plan.strategy == StrategyKind::kAuto && bits_may_differ(options.plan)) {
    throw UsageError(
        "--strategy auto: expected --merge factored or ordered, since arrival may train other "
        "weights");
  }
  if (options.resume.empty()) check_recipe(options.recipe);  // else when the rest of it is known
  if (options.compare && !options.resume.empty()) {
    throw UsageError(
        "--compare: expected no --resume, since both trainings are timed from the start");
  }
}

void check_effects(const CLI::App& app, const TrainOptions& options) {
  const StrategyKind strategy = options.plan.strategy;
  const bool is_pipeline = strategy == StrategyKind::kPipeline;
  const bool is_parallel = strategy != StrategyKind::kSequential;
  const bool may_be_other = !options.resume.empty();  // a checkpoint's recipe
  const bool is_sgd = may_be_other || options.recipe.optimizer == OptimizerKind::kSgd;
  const bool is_adam = may_be_other || options.recipe.optimizer != OptimizerKind::kSgd;
  const bool is_adamw = options.recipe.optimizer == OptimizerKind::kAdamw;
  const bool is_csv = options.output.format == OutputFormat::kCsv;
  const bool has_steps = !options.output.log.empty() ||
                         options.output.format == OutputFormat::kJsonLines ||
                         (options.output.format == OutputFormat::kText && !options.output.quiet);
  say_without_effect(
      app, {{"--merge", may_be_data_parallel(options.plan), "without --strategy data"},
            {"--micro-batches", is_pipeline, "without --strategy pipeline"},
            {"--pipeline-schedule", is_pipeline, "without --strategy pipeline"},
            {"--workers", is_parallel || options.plan.workers <= 1, "with --strategy sequential"},
            {"--compare", is_parallel, "but to compare sequential training with itself"},
            {"--compare", !is_csv, "with --format csv"},
            {"--time", !is_csv, "with --format csv"},
            {"--trace-steps", !options.trace.empty(), "without --trace"},
            {"--queue", options.plan.loaders > 0, "without --loaders"},
            needs_ranks("--ranks-split"),
            needs_ranks("--read-once"),
            {"--momentum", is_sgd, "with --optimizer adam"},
            {"--beta1", is_adam, "without --optimizer adam or adamw"},
            {"--beta2", is_adam, "without --optimizer adam or adamw"},
            {"--eps", is_adam, "without --optimizer adam or adamw"},
            {"--optimizer", !is_adamw || options.recipe.weight_decay > 0 || may_be_other,
             "beyond that of adam, without --weight-decay"},
            {"--dropout", !options.recipe.hidden.empty() || may_be_other, "without hidden layers"},
            {"--log-interval", has_steps, "with this --format without --log"}});
}

}  // namespace

CLI::App& add_train(CLI::App& app, TrainOptions& options) {
  const auto config = std::make_shared<ConfigFile>(app);
  add_data(app, options.data, options.recipe);
  add_training(app, options.recipe);
  add_more_training(app, options.recipe);
  add_strategy(app, options, *config);
  add_timing(app, options);
  add_plan(app, options.plan);
  add_word(app, "--ranks-split", options.plan.ranks_split, kRanksSplitWords,
           "what ranks started by mpirun share out; auto: fewer bytes travel");
  add_read_once(app, options.read_once);
  add_saving(app, options);
  add_repeat(app, options.repeat);
  add_output(app, options.output);
  app.option_defaults()->group(kOutputGroup);
  add_report(app, options.report)->excludes(app.get_option("--repeat"));
  app.option_defaults()->group(kOutputAdvancedGroup);
  add_min_accuracy(app, options.min_accuracy);
  add_force(app, options.force);
  add_config(app, config, options);
  add_help(app);
  app.description(
      "Trains a ReLU network on MNIST-style data, with the same weights from any number of "
      "workers.");
  app.footer(
      ", 3 diverged, 4 bound not met, 129/130/143 stopped\n"
      "Examples\n"
      "  tensor_relu_parallel --epochs 10 --workers 8 --save model.safetensors\n"
      "  tensor_relu_parallel --format jsonl -q | jq 'select(.test_accuracy).test_accuracy'\n");
  app.callback([&app, &options] {
    if (!app.get_subcommands().empty()) return;  // another command was named
    if (const CLI::Option* file = app.get_config_ptr(); file->count() > 0)
      options.config = file->as<std::string>();
    if (app.get_option("--merge")->count() > 0 && app.get_option("--strategy")->count() == 0)
      options.plan.strategy = StrategyKind::kData;  // which alone merges
    complete_recipe(options.recipe);
    check_together(options);
    options.given.clear();
    const Json recipe = to_json(options.recipe);
    for (const auto& field : recipe.items())
      if (app.get_option(option_of(field.key()))->count() > 0) options.given.push_back(field.key());
    if (options.print_config) throw CLI::CallForVersion(app.config_to_str(true, true), 0);
    if (!options.output.quiet) check_effects(app, options);
  });
  return app;
}

}  // namespace trp
