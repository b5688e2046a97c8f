#include "cli/train_options.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "cli/common_options.h"
#include "cli/option_makers.h"
#include "system/atomic_file.h"
#include "trp/dataset.h"
#include "trp/error.h"
#include "trp/model.h"

namespace trp {
namespace {

constexpr int kMostMicroBatches = 1024;
constexpr int kMostLoaders = 256;
constexpr int kLongestQueue = 4096;
constexpr int kMostTracedSteps = 100'000;
constexpr int kMostEpochs = 1'000'000;
constexpr Index kMostSamples = std::numeric_limits<std::uint32_t>::max();  // as in a Sampler
// Rates that a float can hold; the largest ones are there to see a training diverge.
constexpr double kLeastRate = 1e-38, kLargestRate = 1e38;
constexpr double kMaxMomentum = 0.999999;  // a float rounds what is closer to 1 to 1
constexpr double kLargestFactor = 1e6;

constexpr std::array<Word<OutputFormat>, 4> kFormatWords = {{
    {"text", OutputFormat::kText},
    {"json", OutputFormat::kJson},
    {"jsonl", OutputFormat::kJsonLines},
    {"csv", OutputFormat::kCsv},
}};

Option augment_option(AugmentOptions& augment) {
  return {.name = "augment",
          .value = "LIST",
          .help = "noise, shift or both (noise,shift): random changes to images",
          .set = [&augment](const std::string& text) { augment = parse_augment(text); },
          .get = [&augment] { return augment_text(augment); }};
}

OptionGroup data_group(TrainCommandOptions& options) {
  DataOptions& data = options.data;
  return {
      "Data",
      {text({.short_name = "-d",
             .name = "data",
             .value = "DIR",
             .help = "the four MNIST files, plain or .gz\n"
                     "[env TENSOR_RELU_DATA; else ./data, data sets of the system, the sample]"},
            data.directory),
       text({.name = "images", .value = "F"}, data.train_images),
       text({.name = "labels", .value = "F"}, data.train_labels),
       text({.name = "test-images", .value = "F"}, data.test_images),
       text({.name = "test-labels", .value = "F", .help = "by name; - is standard input"},
            data.test_labels),
       whole_number({.name = "classes", .value = "N", .help = "labels are 0 to N-1"},
                    options.recipe.class_count, 1, kMaxClasses),
       number({.name = "val-split",
               .value = "X",
               .help = "part of the training set kept for validation"},
              options.recipe.validation_share, 0, 1, UpperEnd::kExcluded),
       whole_number(
           {.name = "limit", .value = "N", .help = "only the first N training samples; 0: all"},
           options.recipe.limit, 0, kMostSamples),
       choice({.name = "no-shuffle", .help = "keep the file's order"}, options.recipe.shuffle,
              false, true),
       augment_option(options.recipe.augment)}};
}

Option hidden_option(Recipe& recipe) {
  return {.name = "hidden",
          .value = "N[,N...]",
          .help = "width of each hidden layer, or none",
          .set = [&recipe](const std::string& text) { recipe.hidden = parse_widths(text); },
          .get = [&recipe] { return widths_text(recipe.hidden); }};
}

OptionGroup training_group(Recipe& recipe) {
  return {
      "Training",
      {whole_number({.name = "epochs", .value = "N", .help = "passes over the training set"},
                    recipe.epochs, 1, kMostEpochs),
       whole_number({.short_name = "-b",
                     .name = "batch-size",
                     .value = "N",
                     .help = "samples of a step, over all workers together"},
                    recipe.batch_size, 1, kLargestBatch),
       number({.name = "lr", .value = "X", .help = "learning rate"}, recipe.learning_rate,
              kLeastRate, kLargestRate),
       one_of({.name = "lr-schedule", .value = "WORD", .help = "how it changes"},
              recipe.learning_rate_schedule, kLearningRateScheduleWords),
       whole_number({.name = "warmup-epochs",
                     .value = "N",
                     .help = "epochs over which the learning rate rises first"},
                    recipe.warmup_epochs, 0, kMostEpochs),
       number({.name = "momentum", .value = "X", .help = "share of the last change kept"},
              recipe.momentum, 0, kMaxMomentum),
       number({.name = "weight-decay", .value = "X", .help = "pull of all parameters to zero"},
              recipe.weight_decay, 0, kLargestFactor),
       number({.name = "clip-norm", .value = "X", .help = "limit of the gradient's norm; 0: none"},
              recipe.clip_norm, 0, kLargestFactor),
       whole_number({.name = "early-stopping",
                     .value = "N",
                     .help = "N epochs without a better validation loss: stop, keep the best"},
                    recipe.early_stopping, 0, kMostEpochs),
       whole_number({.name = "seed",
                     .value = "N",
                     .help = "same seed, same model, whatever the strategy and workers"},
                    recipe.seed, 0, std::numeric_limits<std::uint64_t>::max()),
       choice({.name = "dry-run", .help = "one batch per epoch"}, recipe.dry_run, true, false)}};
}

/// Not a stream: it gets its name when it is whole.
Option whole_file(Option option, std::string& path) {
  option = text(std::move(option), path);
  option.set = [set = option.set](const std::string& value) {
    if (value == "-") throw_unexpected("a file", value);
    set(value);
  };
  return option;
}

/// One of the strategies, or auto.
Option strategy_option(TrainCommandOptions& options) {
  StrategyKind& kind = options.plan.strategy;
  Option option = one_of({.name = "strategy", .value = "WORD"}, kind, kStrategyWords);
  option.help = "sequential|data|tensor|pipeline, or auto: tried out for 0.3 s";
  option.set = [&options, &kind](const std::string& text) {
    using Choice = std::optional<StrategyKind>;
    std::array<Word<Choice>, kStrategyWords.size() + 1> names;
    std::ranges::transform(kStrategyWords, names.begin(), [](const auto& name) {
      return Word<Choice>{name.text, name.value};
    });
    names.back() = {"auto", std::nullopt};
    const Choice choice = parse_word<Choice>(text, names);
    options.choose = !choice;
    kind = choice.value_or(kind);
  };
  option.get = [get = option.get, &options] {
    return options.choose ? std::optional<std::string>("auto") : get();
  };
  return option;
}

/// Standing for --strategy, it is not written to a configuration a second time.
Option sequential_option(TrainCommandOptions& options) {
  StrategyKind& kind = options.plan.strategy;
  Option option = choice({.name = "sequential"}, kind, StrategyKind::kSequential, kind);
  option.set = [set = option.set, &options](const std::string& text) {
    if (parse_switch(text)) options.choose = false;
    set(text);
  };
  return not_configurable(option);
}

OptionGroup parallelism_group(TrainCommandOptions& options) {
  Plan& strategy = options.plan;
  return {
      "Parallelism",
      {workers_option(options.plan.workers), strategy_option(options), sequential_option(options),
       one_of({.name = "pin", .value = "WORD", .help = "whether each worker is tied to a CPU"},
              options.plan.pin, kPinningWords),
       one_of({.name = "merge",
               .value = "WORD",
               .help = "what is merged under the mutex\n"
                       "factored: how many rows the factors of the gradient have; same bits\n"
                       "ordered: tiles of the gradient, in the order of the shards; same bits\n"
                       "arrival: whole gradients as they come; the last bits differ"},
              strategy.merge, kMergeWords),
       whole_number({.name = "micro-batches", .value = "N"}, strategy.micro_batches, 1,
                    kMostMicroBatches),
       one_of({.name = "pipeline-schedule", .value = "WORD", .help = "parts of a batch"},
              strategy.pipeline_schedule, kPipelineScheduleWords),
       choice({.name = "compare"}, options.compare, true, false),
       choice({.name = "time", .help = "train sequentially first: the speedup; where time goes"},
              options.time, true, false),
       whole_file({.name = "trace", .value = "FILE"}, options.trace),
       whole_number({.name = "trace-steps", .value = "N", .help = "timeline, for ui.perfetto.dev"},
                    options.trace_steps, 1, kMostTracedSteps),
       whole_number({.name = "loaders", .value = "N"}, options.plan.loaders, 0, kMostLoaders),
       whole_number(
           {.name = "queue", .value = "N", .help = "threads that prepare batches, how many ahead"},
           options.plan.queue, 1, kLongestQueue)}};
}

/// A file of its own: standard output has --format.
Option log_option(std::string& log) {
  Option option = text({.name = "log", .value = "FILE", .help = "write JSON lines as well"}, log);
  option.set = [set = option.set](const std::string& value) {
    if (value == "-") throw_unexpected("a file (--format jsonl writes to standard output)", value);
    set(value);
  };
  return option;
}

/// The ending says the format, so it is checked at once.
Option save_option(std::string& save) {
  Option option = text({.short_name = "-o",
                        .name = "save",
                        .value = "FILE",
                        .help = "the trained model, FILE.safetensors, .npz or .onnx"},
                       save);
  option.set = [set = option.set](const std::string& value) {
    check_model_name(value);
    set(value);
  };
  return option;
}

OptionGroup output_group(TrainCommandOptions& options, MetaOptions& meta) {
  OutputOptions& output = options.output;
  return {
      "Output",
      {save_option(options.save),
       whole_file({.name = "checkpoint", .value = "FILE"}, options.checkpoint),
       text({.name = "resume", .value = "FILE"}, options.resume),
       whole_number(
           {.name = "save-every", .value = "N", .help = "state to go on from, every N epochs"},
           options.save_every, 1, kMostEpochs),
       one_of({.name = "format", .value = "WORD", .help = "of standard output"}, output.format,
              kFormatWords),
       log_option(output.log),
       whole_number({.name = "log-interval",
                     .value = "N",
                     .help = "a line every N batches (text, jsonl, --log); 0: epochs only"},
                    output.log_interval, 0, 1'000'000'000),
       choice({.short_name = "-q", .name = "quiet"}, output.verbosity, Verbosity::kQuiet,
              Verbosity::kNormal),
       choice({.short_name = "-v", .name = "verbose", .help = "results only; say more than usual"},
              output.verbosity, Verbosity::kVerbose, Verbosity::kNormal),
       choice({.name = "no-progress", .help = "no progress bar"}, output.progress, false, true),
       color_option(output.color), min_accuracy_option(options.min_accuracy),
       not_configurable(text({.short_name = "-c", .name = "config", .value = "FILE"}, meta.config)),
       not_configurable(
           choice({.name = "print-config",
                   .help = "options from a file of lines name = value; show such a file"},
                  meta.print_config, true, false)),
       help_option(), version_option()}};
}

/// What is written must not take the place of something else that is written or gone on with.
void check_files(const TrainCommandOptions& options) {
  struct NamedFile {
    std::string_view option;
    std::string path;
  };
  const std::string& checkpoint = options.checkpoint;
  const std::vector<NamedFile> files = {
      {"--save", options.save},
      {"--checkpoint", checkpoint},
      {"--checkpoint", checkpoint.empty() ? "" : previous_file(checkpoint)},
      {"--resume", options.resume},
      {"--trace", options.trace},
      {"--log", options.output.log}};
  for (auto later = files.begin(); later != files.end(); ++later)
    for (auto earlier = files.begin(); earlier != later; ++earlier) {
      const bool goes_on = earlier->option == "--checkpoint" && later->option == "--resume";
      if (goes_on || !is_same_file(earlier->path, later->path)) continue;
      throw UsageError(fmt::format("{}: expected another file than that of {}, found {}",
                                   later->option, earlier->option, later->path));
    }
}

void check_together(const TrainCommandOptions& options) {
  if (options.recipe.early_stopping > 0 && options.recipe.validation_share == 0) {
    throw UsageError(
        "--early-stopping: expected --val-split above 0, since it looks at the validation loss");
  }
  if (options.choose && options.plan.merge == MergeKind::kArrival) {
    throw UsageError(
        "--strategy auto: expected --merge factored or ordered, since arrival may train other "
        "weights");
  }
  if (options.recipe.warmup_epochs > options.recipe.epochs) {
    throw UsageError(fmt::format("--warmup-epochs: expected at most the {} of --epochs, found {}",
                                 options.recipe.epochs, options.recipe.warmup_epochs));
  }
  if (options.save_every > 1 && options.checkpoint.empty()) {
    throw UsageError("--save-every: expected --checkpoint FILE, which is saved so often");
  }
  check_files(options);
  if (options.compare && !options.resume.empty()) {
    throw UsageError(
        "--compare: expected no --resume, since both trainings are timed from the start");
  }
}

}  // namespace

std::vector<OptionGroup> train_groups(TrainCommandOptions& options) {
  return {data_group(options),
          {"Model", {hidden_option(options.recipe)}},
          training_group(options.recipe),
          parallelism_group(options)};
}

CommandSyntax train_syntax(TrainCommandOptions& options, MetaOptions& meta) {
  std::vector<OptionGroup> groups = train_groups(options);
  groups.push_back(output_group(options, meta));
  return {
      .usage = {"[train] [OPTIONS]", "bench|eval|predict|info|export|lab|selftest --help"},
      .summary =
          "Trains a ReLU network on MNIST-style data, with the same weights from any number of "
          "workers.\n",
      .positionals = {},
      .groups = std::move(groups),
      .closing =
          "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 diverged, 4 bound not met, 129/130/143 "
          "stopped\n"
          "Examples\n"
          "  tensor_relu_parallel --epochs 10 --workers 8 --save model.safetensors\n"
          "  tensor_relu_parallel --format jsonl -q | jq "
          "'select(.test_accuracy).test_accuracy'\n",
      .check = [&options] { check_together(options); }};
}

}  // namespace trp
