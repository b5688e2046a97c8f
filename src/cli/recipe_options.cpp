#include "cli/recipe_options.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "cli/say.h"
#include "cluster/cluster.h"
#include "core/fail.h"
#include "trp/dataset.h"
#include "trp/error.h"

namespace trp {
namespace {

constexpr int kMaxMicroBatches = 1024;
constexpr int kMaxLoaders = 256;
constexpr int kMaxQueue = 4096;
constexpr Index kMaxSamples = std::numeric_limits<std::uint32_t>::max();  // as in a Sampler
// Rates that a float can hold; the largest ones are there to see a training diverge.
constexpr double kMinRate = 1e-38, kMaxRate = 1e38;
constexpr double kMinEpsilon = 1e-12;      // far above what counts as no gradient
constexpr double kMaxMomentum = 0.999999;  // a float rounds what is closer to 1 to 1
constexpr double kMaxFactor = 1e6;
constexpr double kAdamLearningRate = 0.001;  // of PyTorch and Keras
constexpr std::string_view kAuto = "auto";
constexpr double kAutomaticRate = 0;

constexpr std::array<Word<OutputFormat>, 4> kFormatWords = {{
    {"text", OutputFormat::kText},
    {"json", OutputFormat::kJson},
    {"jsonl", OutputFormat::kJsonLines},
    {"csv", OutputFormat::kCsv},
}};

constexpr std::array<Word<ColorWhen>, 3> kColorWords = {{
    {"auto", ColorWhen::kAuto},
    {"always", ColorWhen::kAlways},
    {"never", ColorWhen::kNever},
}};

int parse_workers(std::string_view text) {
  int count = 0;
  if (text == kAuto) return 0;
  if (read_whole(text, count) && count >= 1 && count <= kMaxWorkers) return count;
  throw_unexpected(fmt::format("a whole number from 1 to {} or \"auto\"", kMaxWorkers), text);
}

double parse_rate(std::string_view text) {
  return text == kAuto ? kAutomaticRate : parse_number(text, kMinRate, kMaxRate);
}

std::string rate_text(double rate) {
  return rate == kAutomaticRate ? std::string(kAuto) : fmt::format("{}", rate);
}

}  // namespace

CLI::Option* add_path(CLI::App& app, const std::string& names, std::string& path,
                      const std::string& help, const CLI::Validator& validator) {
  return app.add_option(names, path, help)->transform(validator)->type_name("FILE");
}

void add_data_folder(CLI::App& app, DataOptions& data) {
  app.option_defaults()->group(kDataGroup);
  add_path(app, "-d,--data", data.directory,
           "data folder [env TENSOR_RELU_DATA; else ./data, the system's, a sample]")
      ->type_name("DIR");
}

void add_test_files(CLI::App& app, DataOptions& data) {
  add_path(app, "--test-images", data.test_images, "test images; - is standard input");
  add_path(app, "--test-labels", data.test_labels, "their labels");
}

void add_image_changes(CLI::App& app, Recipe& recipe) {
  app.option_defaults()->group(kDataAdvancedGroup);
  add_value(app, "--augment", recipe.augment, parse_augment, augment_text,
            "noise, shift or both (noise,shift): random changes to images")
      ->type_name("LIST");
  add_word(app, "--normalize", recipe.normalization, kNormalizationWords,
           "inputs less their mean over the training samples, and by their deviation");
}

void add_data(CLI::App& app, DataOptions& data, Recipe& recipe) {
  add_data_folder(app, data);
  app.option_defaults()->group(kDataAdvancedGroup);
  add_path(app, "--images", data.train_images, "training images; - is standard input");
  add_path(app, "--labels", data.train_labels, "their labels");
  add_test_files(app, data);
  app.add_option("--limit", recipe.limit, "only the first N training samples; 0: all")
      ->transform(whole_number<Index>(0, kMaxSamples));
  app.add_option("--classes", recipe.class_count, "labels are 0 to N-1")
      ->transform(whole_number(1, kMaxClasses));
  add_image_changes(app, recipe);
  const auto keep_order = [&recipe] { recipe.shuffle = false; };
  app.add_flag_callback("--no-shuffle", keep_order, "keep the file's order");
}

void add_training(CLI::App& app, Recipe& recipe) {
  app.option_defaults()->group(kModelGroup);
  add_value(app, "--hidden", recipe.hidden, parse_widths, widths_text,
            "width of each hidden layer, or none")
      ->type_name("N[,N...]");
  app.option_defaults()->group(kTrainingGroup);
  app.add_option("--epochs", recipe.epochs, "passes over the training set")
      ->transform(whole_number(1, kMaxEpochs));
  add_word(app, "--optimizer", recipe.optimizer, kOptimizerWords, "what updates the weights");
  recipe.learning_rate = kAutomaticRate;
  add_value(app, "--lr", recipe.learning_rate, parse_rate, rate_text,
            "learning rate; auto: 0.05, of adam and adamw 0.001")
      ->type_name("X|auto");
  app.add_option("--momentum", recipe.momentum, "share of the last change kept")
      ->transform(number(0, kMaxMomentum));
  app.add_option("--seed", recipe.seed, "same seed, same model, whatever the strategy and workers")
      ->transform(whole_number<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()));
  app.option_defaults()->group(kTrainingAdvancedGroup);
  app.add_flag("--nesterov", recipe.nesterov, "look ahead by the momentum");
  const auto share = number(0, 1, UpperEnd::kExcluded);
  app.add_option("--beta1", recipe.beta1, "adam: share of the mean gradient kept")
      ->transform(share);
  app.add_option("--beta2", recipe.beta2, "adam: share of the mean squared gradient kept")
      ->transform(share);
  app.add_option("--eps", recipe.epsilon, "adam: is added to the root of that")
      ->transform(number(kMinEpsilon, 1));
  add_value(app, "--dropout", recipe.dropout, parse_shares, shares_text,
            "share of each hidden layer's outputs that a sample goes without, or one for all")
      ->type_name("X[,X...]");
  app.add_option("--label-smoothing", recipe.label_smoothing,
                 "share of a label that is spread over all classes")
      ->transform(share);
  add_word(app, "--class-weights", recipe.class_weights, kClassWeightsWords,
           "how much the samples of a class count; balanced: so that classes count alike");
  app.add_option("--average-weights", recipe.average_weights,
                 "keep a mean of the weights over some 1/(1-X) steps; 0: the last ones")
      ->transform(share);
  add_word(app, "--lr-schedule", recipe.learning_rate_schedule, kLearningRateScheduleWords,
           "how the learning rate changes");
  app.add_option("--warmup-epochs", recipe.warmup_epochs,
                 "epochs over which the learning rate rises first")
      ->transform(whole_number(0, kMaxEpochs));
  app.add_option("--weight-decay", recipe.weight_decay, "pull of all parameters to zero")
      ->transform(number(0, kMaxFactor));
  app.add_option("--clip-norm", recipe.clip_norm, "limit of the gradient's norm; 0: none")
      ->transform(number(0, kMaxFactor));
}

void add_batch_size_and_validation(CLI::App& app, Recipe& recipe) {
  app.option_defaults()->group(kTrainingGroup);
  app.add_option("-b,--batch-size", recipe.batch_size,
                 "samples of a step, over all workers together")
      ->transform(whole_number<Index>(1, kMaxBatchSize));
  app.option_defaults()->group(kDataGroup);
  app.add_option("--val-split", recipe.validation_share,
                 "part of the training set kept for validation")
      ->transform(number(0, 1, UpperEnd::kExcluded));
}

void add_plan(CLI::App& app, Plan& plan) {
  app.option_defaults()->group(kParallelismAdvancedGroup);
  app.add_option("--micro-batches", plan.micro_batches, "parts of a batch in a pipeline")
      ->transform(whole_number(1, kMaxMicroBatches));
  add_word(app, "--pipeline-schedule", plan.pipeline_schedule, kPipelineScheduleWords,
           "the order in which a pipeline works through them");
  app.add_option("--loaders", plan.loaders,
                 "threads that prepare batches; 0: each worker gathers its own shard")
      ->transform(whole_number(0, kMaxLoaders));
  app.add_option("--queue", plan.queue, "batches that loaders may be ahead")
      ->transform(whole_number(1, kMaxQueue));
  add_word(app, "--pin", plan.pin, kPinningWords, "whether each worker is tied to a CPU");
}

void add_workers(CLI::App& app, int& workers) {
  app.option_defaults()->group(kParallelismGroup);
  add_value(
      app, "-j,--workers,--threads", workers, parse_workers,
      [](int count) { return count > 0 ? fmt::format("{}", count) : "auto"; },
      "threads that compute; auto: as many as CPUs")
      ->type_name("N|auto");
}

void add_format(CLI::App& app, OutputFormat& format, std::initializer_list<OutputFormat> formats) {
  std::vector<Word<OutputFormat>> words;
  for (const OutputFormat one : formats)
    words.push_back({word_of<OutputFormat>(kFormatWords, one), one});
  app.option_defaults()->group(kOutputGroup);
  add_word(app, "--format", format, words, "of standard output");
}

void add_color(CLI::App& app, ColorWhen& color) {
  add_word(app, "--color", color, kColorWords, "colours; auto: on a terminal, unless NO_COLOR");
}

void add_min_accuracy(CLI::App& app, std::optional<double>& bound) {
  app.add_option("--min-accuracy", bound,
                 "from 0 to 1; exit with 4 when the test accuracy is lower")
      ->transform(number(0, 1))
      ->type_name("X");
}

int check_min_accuracy(double accuracy, std::optional<double> bound) {
  if (!bound || accuracy >= *bound) return kExitDone;
  say("the test accuracy of {:.4g} is below --min-accuracy {}", accuracy, *bound);
  return kExitBoundNotMet;
}

std::string option_of(std::string_view field) {
  std::string option = fmt::format("--{}{}", field == "shuffle" ? "no-" : "", field);
  std::ranges::replace(option, '_', '-');
  return option;
}

std::string value_text(const Json& value) {
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  std::string text = value.dump();
  std::erase_if(text, [](char c) { return c == '"' || c == '[' || c == ']'; });
  return text.empty() ? "none" : text;
}

void complete_recipe(Recipe& recipe) {
  if (recipe.learning_rate != kAutomaticRate) return;
  const bool is_sgd = recipe.optimizer == OptimizerKind::kSgd;
  recipe.learning_rate = is_sgd ? Recipe().learning_rate : kAdamLearningRate;
}

void check_recipe(const Recipe& recipe) {
  const std::size_t rates = recipe.dropout.size();
  if (rates > 1 && rates != recipe.hidden.size()) {
    fail_usage("--dropout: expected one value, or one for each of {} hidden layers, found {}",
               recipe.hidden.size(), rates);
  }
  if (recipe.nesterov && (recipe.optimizer != OptimizerKind::kSgd || recipe.momentum == 0)) {
    fail_usage(
        "--nesterov: expected --optimizer sgd and a --momentum above 0, by which it looks "
        "ahead");
  }
  if (recipe.early_stopping > 0 && recipe.validation_share == 0) {
    fail_usage(
        "--early-stopping: expected --val-split above 0, since it looks at the validation loss");
  }
  if (recipe.warmup_epochs > recipe.epochs) {
    fail_usage("--warmup-epochs: expected at most the {} of --epochs, found {}", recipe.epochs,
               recipe.warmup_epochs);
  }
}

void say_without_effect(const CLI::App& app, std::initializer_list<OptionEffect> effects) {
  for (const OptionEffect& effect : effects)
    if (!effect.exists && app.get_option(effect.option)->count() > 0)
      say("warning: {} has no effect {}", effect.option, effect.condition);
}

OptionEffect needs_ranks(const char* option) {
  return {option, launch().size > 1, "without several ranks"};
}

void add_read_once(CLI::App& app, bool& read_once) {
  app.add_flag("--read-once", read_once, "rank 0 reads the data for all ranks");
}

CLI::Option* add_report(CLI::App& app, std::string& path) {
  return add_path(app, "--report", path, "write a page with charts and images: FILE.html",
                  file_path());
}

void add_force(CLI::App& app, bool& force) {
  // Not in a configuration file, where it would be forgotten.
  app.add_flag("--force", force, "replace files that hold something else")->configurable(false);
}

}  // namespace trp
