#include "cli/options.h"

#include "catch.h"
#include "temporary_folder.h"
#include "trp/error.h"

namespace trp {
namespace {

TrainCommandOptions parse(std::vector<std::string> arguments) {
  return std::get<TrainCommandOptions>(parse_command_line(std::move(arguments)));
}

std::string text_of(std::vector<std::string> arguments) {
  return std::get<TextCommand>(parse_command_line(std::move(arguments))).text;
}

TEST_CASE("without options everything has its default, with or without the command's name") {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{}, {"train"}}) {
    const TrainCommandOptions options = parse(arguments);
    CHECK(options.recipe.epochs == Recipe().epochs);
    CHECK(options.recipe.hidden == Recipe().hidden);
    CHECK(options.recipe.learning_rate == Recipe().learning_rate);
    CHECK(options.plan.workers == 0);
    CHECK(!options.min_accuracy);
    CHECK(options.data.directory.empty());
  }
}

TEST_CASE("each option reaches its field") {
  const TrainCommandOptions options = parse({"train",
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
  CHECK(options.output.verbosity == Verbosity::kVerbose);
  CHECK(!options.output.progress);
  CHECK(options.output.color == ColorWhen::kNever);
  CHECK(options.min_accuracy == 0.75);
}

TEST_CASE("loaders and augmentation reach their fields, and come back from a configuration") {
  const TrainCommandOptions options =
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
  CHECK(parse({"-q"}).output.verbosity == Verbosity::kQuiet);
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
  const std::string help = text_of({"--help"});
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
  const TrainCommandOptions options = parse({"--epochs", "5", "-c", file, "--sequential", "-v"});
  CHECK(options.recipe.epochs == 5);
  CHECK(options.plan.workers == 3);
  CHECK(options.plan.strategy == StrategyKind::kSequential);
  CHECK(options.output.verbosity == Verbosity::kVerbose);
  CHECK_THROWS_AS(parse({"-c", "/no/such/file"}), Error);
}

}  // namespace
}  // namespace trp
