#include "cli/train.h"

#include <map>
#include <sstream>
#include <utility>

#include "catch.h"
#include "cli/checkpoints.h"
#include "cli/parse.h"
#include "data/check_contains.h"
#include "temporary_folder.h"
#include "train/recipe_json.h"
#include "trp/error.h"

namespace trp {
namespace {

TrainOptions parse(std::vector<std::string> arguments) {
  return parse_options(add_train, std::move(arguments));
}

std::string text_of(std::vector<std::string> arguments) {
  return Parsed<TrainOptions>(add_train, std::move(arguments)).text;
}

TEST_CASE("without options everything has its default, with or without the command's name") {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"train"}}) {
    const TrainOptions options = parse(arguments);
    CHECK(options.recipe.epochs == Recipe().epochs);
    CHECK(options.recipe.hidden == Recipe().hidden);
    CHECK(options.recipe.learning_rate == Recipe().learning_rate);
    CHECK(options.plan.workers == 0);
    CHECK(!options.min_accuracy);
    CHECK(options.data.directory.empty());
  }
}

TEST_CASE("each option reaches its field") {
  const TrainOptions options = parse({"train",
                                      "--data",
                                      "folder",
                                      "--images",
                                      "i",
                                      "--labels",
                                      "l",
                                      "--test-images",
                                      "ti",
                                      "--test-labels",
                                      "tl",
                                      "--classes",
                                      "12",
                                      "--val-split",
                                      "0.25",
                                      "--limit",
                                      "77",
                                      "--no-shuffle",
                                      "--hidden",
                                      "5,6",
                                      "--epochs",
                                      "3",
                                      "-b",
                                      "32",
                                      "--lr",
                                      "0.5",
                                      "--lr-schedule",
                                      "step",
                                      "--warmup-epochs",
                                      "2",
                                      "--momentum",
                                      "0.5",
                                      "--weight-decay",
                                      "0.125",
                                      "--clip-norm",
                                      "2",
                                      "--early-stopping",
                                      "4",
                                      "--seed",
                                      "9",
                                      "--dry-run",
                                      "-j",
                                      "7",
                                      "--strategy",
                                      "data",
                                      "--merge",
                                      "arrival",
                                      "--format",
                                      "csv",
                                      "--log",
                                      "file",
                                      "--log-interval",
                                      "8",
                                      "-v",
                                      "--no-progress",
                                      "--color",
                                      "never",
                                      "--min-accuracy",
                                      "0.75"});
  CHECK(options.data.directory == "folder");
  CHECK(options.data.train_images == "i");
  CHECK(options.data.train_labels == "l");
  CHECK(options.data.test_images == "ti");
  CHECK(options.data.test_labels == "tl");
  const Recipe& recipe = options.recipe;
  CHECK(recipe.class_count == 12);
  CHECK(recipe.validation_share == 0.25);
  CHECK(recipe.limit == 77);
  CHECK(!recipe.shuffle);
  CHECK(recipe.hidden == std::vector<Index>{5, 6});
  CHECK(recipe.epochs == 3);
  CHECK(recipe.batch_size == 32);
  CHECK(recipe.learning_rate == 0.5);
  CHECK(recipe.learning_rate_schedule == LearningRateScheduleKind::kStep);
  CHECK(recipe.warmup_epochs == 2);
  CHECK(recipe.momentum == 0.5);
  CHECK(recipe.weight_decay == 0.125);
  CHECK(recipe.clip_norm == 2);
  CHECK(recipe.early_stopping == 4);
  CHECK(recipe.seed == 9);
  CHECK(recipe.dry_run);
  CHECK(options.plan.workers == 7);
  CHECK(options.plan.strategy == StrategyKind::kData);
  CHECK(options.plan.merge == MergeKind::kArrival);
  CHECK(options.output.format == OutputFormat::kCsv);
  CHECK(options.output.log == "file");
  CHECK(options.output.log_interval == 8);
  CHECK(options.output.verbose);
  CHECK(!options.output.progress);
  CHECK(options.output.color == ColorWhen::kNever);
  CHECK(options.min_accuracy == 0.75);
}

TEST_CASE("loaders and augmentation reach their fields, and come back from a configuration") {
  const TrainOptions options =
      parse({"--loaders", "3", "--queue", "9", "--augment", "shift,noise"});
  CHECK(options.plan.loaders == 3);
  CHECK(options.plan.queue == 9);
  CHECK(options.recipe.augment == AugmentOptions{.noise = true, .shift = true});
  CHECK(parse({"--augment", "shift", "--augment", "none"}).recipe.augment == AugmentOptions());
  CHECK(parse({"--augment", "noise,noise"}).recipe.augment == AugmentOptions{.noise = true});
  const std::string config = text_of({"--print-config", "--augment", "shift,noise"});
  CHECK(config.find("augment = \"noise,shift\"\n") != std::string::npos);
  CHECK(config.find("loaders = 0\nqueue = 4\n") != std::string::npos);
}

TEST_CASE("options are spelled as usual") {
  CHECK(parse({"-j8"}).plan.workers == 8);
  CHECK(parse({"--workers=8"}).plan.workers == 8);
  CHECK(parse({"--threads", "8"}).plan.workers == 8);
  CHECK(parse({"-j", "8", "-j", "auto"}).plan.workers == 0);
  CHECK(parse({"--epochs", "3", "--epochs", "4"}).recipe.epochs == 4);
  CHECK(parse({"--sequential"}).plan.strategy == StrategyKind::kSequential);
  CHECK(parse({"--sequential", "--strategy", "sequential"}).plan.strategy ==
        StrategyKind::kSequential);
  CHECK(parse({"--hidden", ""}).recipe.hidden.empty());
  CHECK(parse({"--hidden=", "--epochs", "4"}).recipe.epochs == 4);
  CHECK(parse({"--dry-run=false"}).recipe.dry_run == false);
  CHECK(parse({"-q"}).output.quiet);
  CHECK(parse({"--images", "-"}).data.train_images == "-");
}

TEST_CASE("help, version and configuration are texts, whatever else is asked for") {
  CHECK(text_of({"--help", "--epochs", "0"}).starts_with("usage: "));
  CHECK(text_of({"--epochs", "0", "-h"}).starts_with("usage: "));
  CHECK(text_of({"train", "-V"}).starts_with("tensor_relu_parallel "));
  CHECK(text_of({"--print-config", "--epochs", "3"}).find("epochs = 3\n") != std::string::npos);
  CHECK_THROWS_AS(text_of({"--print-config", "--epochs", "0"}), UsageError);
}

TEST_CASE("help names every option that a configuration has") {
  const std::string help = text_of({"--help-all"});
  std::istringstream config(text_of({"--print-config"}));
  int count = 0;
  for (std::string line; std::getline(config, line);) {
    const std::size_t equals = line.find(" =");
    if (equals == std::string::npos) continue;
    const std::string name = line.substr(line.starts_with("# ") ? 2 : 0, equals);
    CAPTURE(name);
    CHECK(help.find("--" + name.substr(0, name.find(' '))) != std::string::npos);
    ++count;
  }
  CHECK(count >= 30);
}

TEST_CASE("a configuration file gives way to the command line") {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("train.conf", "epochs = 2\nworkers = 3\nstrategy = data\nthreads = 3\n")
          .string();
  CHECK_THROWS_AS(parse({"-c", file}), UsageError);  // threads are workers
  folder.write("train.conf", "epochs = 2\nthreads = 3\nstrategy = data\nquiet = true\n");
  const TrainOptions options = parse({"--epochs", "5", "-c", file, "--sequential", "-v"});
  CHECK(options.recipe.epochs == 5);
  CHECK(options.plan.workers == 3);
  CHECK(options.plan.strategy == StrategyKind::kSequential);
  CHECK(options.output.verbose);
  CHECK(!options.output.quiet);
  CHECK_THROWS_AS(parse({"-c", "/no/such/file"}), Error);
}

TEST_CASE("help is short, and --help-all shows the advanced groups as well") {
  const std::string help = text_of({"--help"}), all = text_of({"--help-all"});
  CHECK(text_of({"help"}) == help);
  CHECK(text_of({"help", "help"}) == help);
  CHECK(help.find("(advanced)") == std::string::npos);
  CHECK(help.find("--queue") == std::string::npos);
  CHECK_CONTAINS(all, "Parallelism (advanced)\n");
  CHECK_CONTAINS(all, "--queue N");
  for (const std::string option :
       {"--epochs N", "-j, --workers N|auto", "(or --threads)", "[auto]", "-b, --batch-size N",
        "--lr X|auto", "auto: 0.05", "--help-all"}) {
    CHECK_CONTAINS(help, option);
    CHECK_CONTAINS(all, option);
  }
}

TEST_CASE("the model of a training can be kept, as an option and in a configuration") {
  CHECK(parse({"-o", "m.safetensors"}).save == "m.safetensors");
  CHECK(parse({"--save", "m.npz"}).save == "m.npz");
  CHECK(parse({}).save.empty());
  CHECK_CONTAINS(text_of({"-o", "m.npz", "--print-config"}), "save = \"m.npz\"");
}

TEST_CASE("Adam has a learning rate of its own, unless one is given") {
  CHECK(parse({"--optimizer", "adam"}).recipe.learning_rate == 0.001);
  CHECK(parse({"--optimizer", "adamw", "--lr", "0.05"}).recipe.learning_rate == 0.05);
  CHECK(parse({"--optimizer", "sgd"}).recipe.learning_rate == 0.05);
  CHECK(parse({"--optimizer", "adam", "--lr", "auto"}).recipe.learning_rate == 0.001);
  CHECK_CONTAINS(text_of({"--optimizer", "adam", "--print-config"}), "lr = \"auto\"");
  const TemporaryFolder folder;
  for (const std::string rate : {"0.05", "0.001", "auto"}) {
    const std::vector<std::string> given = {"--optimizer", "adam", "--lr", rate};
    std::vector<std::string> printed = given;
    printed.emplace_back("--print-config");
    folder.write("c", text_of(printed));
    CHECK(parse({"-c", (folder.path() / "c").string()}).recipe == parse(given).recipe);
  }
}

TEST_CASE("what the methods of a recipe need is asked for") {
  CHECK_CONTAINS(usage_error(add_train, {"--dropout", "0.1,0.2,0.3"}),
                 "one for each of 2 hidden layers");
  CHECK_CONTAINS(usage_error(add_train, {"--dropout", "1"}), "a number from 0 to less than 1");
  CHECK_CONTAINS(usage_error(add_train, {"--nesterov", "--momentum", "0"}), "a --momentum above 0");
  CHECK_CONTAINS(usage_error(add_train, {"--nesterov", "--optimizer", "adam"}), "--optimizer sgd");
  CHECK(parse({"--dropout", "none"}).recipe.dropout.empty());
}

enum class Part { kRecipe, kPlan, kOther };

/// For each option of a configuration a value that is not its default, and what it is part of.
const std::map<std::string, std::pair<Part, std::string>> kParts = {
    {"hidden", {Part::kRecipe, "5"}},
    {"classes", {Part::kRecipe, "5"}},
    {"limit", {Part::kRecipe, "5"}},
    {"val-split", {Part::kRecipe, "0.5"}},
    {"no-shuffle", {Part::kRecipe, ""}},
    {"augment", {Part::kRecipe, "shift"}},
    {"epochs", {Part::kRecipe, "5"}},
    {"dry-run", {Part::kRecipe, ""}},
    {"batch-size", {Part::kRecipe, "5"}},
    {"lr", {Part::kRecipe, "5"}},
    {"lr-schedule", {Part::kRecipe, "step"}},
    {"warmup-epochs", {Part::kRecipe, "5"}},
    {"optimizer", {Part::kRecipe, "adam"}},
    {"momentum", {Part::kRecipe, "0.5"}},
    {"nesterov", {Part::kRecipe, ""}},
    {"beta1", {Part::kRecipe, "0.5"}},
    {"beta2", {Part::kRecipe, "0.5"}},
    {"eps", {Part::kRecipe, "0.5"}},
    {"dropout", {Part::kRecipe, "0.5,0"}},
    {"label-smoothing", {Part::kRecipe, "0.5"}},
    {"class-weights", {Part::kRecipe, "balanced"}},
    {"average-weights", {Part::kRecipe, "0.5"}},
    {"normalize", {Part::kRecipe, "center"}},
    {"weight-decay", {Part::kRecipe, "5"}},
    {"clip-norm", {Part::kRecipe, "5"}},
    {"early-stopping", {Part::kRecipe, "5"}},
    {"seed", {Part::kRecipe, "5"}},
    {"strategy", {Part::kPlan, "tensor"}},
    {"merge", {Part::kPlan, "ordered"}},
    {"micro-batches", {Part::kPlan, "5"}},
    {"pipeline-schedule", {Part::kPlan, "gpipe"}},
    {"workers", {Part::kPlan, "5"}},
    {"loaders", {Part::kPlan, "5"}},
    {"queue", {Part::kPlan, "5"}},
    {"pin", {Part::kPlan, "cores"}},
    {"ranks-split", {Part::kPlan, "rows"}},
    {"read-once", {Part::kOther, ""}},
    {"data", {Part::kOther, "x"}},
    {"images", {Part::kOther, "x"}},
    {"labels", {Part::kOther, "x"}},
    {"test-images", {Part::kOther, "x"}},
    {"test-labels", {Part::kOther, "x"}},
    {"save", {Part::kOther, "x.npz"}},
    {"checkpoint", {Part::kOther, "x"}},
    {"save-every", {Part::kOther, "5"}},
    {"resume", {Part::kOther, "x"}},
    {"init", {Part::kOther, "x"}},
    {"repeat", {Part::kOther, "5"}},
    {"compare", {Part::kOther, ""}},
    {"time", {Part::kOther, ""}},
    {"trace", {Part::kOther, "x"}},
    {"trace-steps", {Part::kOther, "5"}},
    {"format", {Part::kOther, "csv"}},
    {"log", {Part::kOther, "x"}},
    {"log-interval", {Part::kOther, "5"}},
    {"report", {Part::kOther, "x"}},
    {"quiet", {Part::kOther, ""}},
    {"verbose", {Part::kOther, ""}},
    {"no-progress", {Part::kOther, ""}},
    {"color", {Part::kOther, "never"}},
    {"min-accuracy", {Part::kOther, "0.5"}}};

TEST_CASE("each option changes the recipe's description, or the plan's, or what is kept and told") {
  const Parsed<TrainOptions> parsed(add_train, {});
  const auto options =
      parsed.app->get_options([](const CLI::Option* option) { return option->get_configurable(); });
  CHECK(options.size() == kParts.size());
  for (const CLI::Option* option : options) {
    const std::string name = option->get_lnames()[0];
    CAPTURE(name);
    REQUIRE(kParts.contains(name));
    const auto& [part, value] = kParts.at(name);
    std::vector<std::string> arguments = {"--" + name};
    if (!value.empty()) arguments.push_back(value);
    if (name == "save-every") arguments.insert(arguments.end(), {"--checkpoint", "y"});
    if (name == "optimizer") arguments.insert(arguments.end(), {"--lr", "0.05"});
    const bool needs_validation = name == "early-stopping";
    if (needs_validation) arguments.insert(arguments.end(), {"--val-split", "0.5"});
    const TrainOptions changed = parse(arguments);
    const Recipe unchanged = {.validation_share = needs_validation ? 0.5 : 0};
    CHECK((to_json(changed.recipe) != to_json(unchanged)) == (part == Part::kRecipe));
    CHECK((to_json(changed.plan) != to_json(TrainOptions().plan)) == (part == Part::kPlan));
    if (part == Part::kRecipe) {
      const auto fields = differences(changed.recipe, unchanged);
      REQUIRE(fields.size() == 1);
    }
  }
}

}  // namespace
}  // namespace trp
