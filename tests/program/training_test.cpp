#include <set>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {
namespace {

using Json = nlohmann::ordered_json;

/// The events of a short training that must succeed.
std::vector<Json> train_events(std::vector<std::string> arguments) {
  for (const char* argument : {"--format", "jsonl", "-q"}) arguments.emplace_back(argument);
  const ProgramResult result = run_program(arguments);
  CAPTURE(arguments, result.err);
  REQUIRE(result.exit_code == 0);
  std::vector<Json> events;
  for (const std::string& line : lines_of(result.out)) events.push_back(Json::parse(line));
  return events;
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

TEST_CASE("training learns, and says so with the fields of schema 2 in their order") {
  const auto events = train_events({"train", "--epochs", "3", "--val-split", "0.1"});
  REQUIRE(events.size() == 5);
  CHECK(keys_of(events[0]) ==
        std::vector<std::string>{"event", "schema", "time", "host", "cpu", "cpus", "build", "data",
                                 "recipe", "plan", "layers", "parameters", "stages",
                                 "train_samples", "val_samples", "test_samples", "zero_share",
                                 "skips_zeros"});
  CHECK(events[0]["schema"] == 2);
  CHECK(keys_of(events[0]["build"]) ==
        std::vector<std::string>{"version", "commit", "compiler", "type", "simd", "fma"});
  const auto time = events[0]["time"].get<std::string>();
  CHECK(time.size() == std::string("2026-11-24T09:15:52Z").size());
  CHECK(time.ends_with("Z"));
  CHECK(events[0]["recipe"]["val_split"] == 0.1);
  CHECK(events[0]["plan"]["strategy"] == "auto");
  CHECK(events[0]["plan"]["workers"].get<int>() >= 1);
  CHECK(events[0]["val_samples"] == 500);
  CHECK(events[0]["layers"] == Json({784, 128, 64, 10}));
  CHECK(events[0]["parameters"] == 109386);
  CHECK(events[0]["train_samples"] == 4500);
  for (int epoch = 1; epoch <= 3; ++epoch) {
    const Json& event = events[static_cast<std::size_t>(epoch)];
    CHECK(keys_of(event) == std::vector<std::string>{"event", "epoch", "train_loss",
                                                     "train_accuracy", "val_loss", "val_accuracy",
                                                     "lr", "seconds", "samples_per_second"});
    CHECK(event["epoch"] == epoch);
    CHECK(event["val_loss"].get<double>() > 0);
  }
  CHECK(keys_of(events[4]) == std::vector<std::string>{"event",
                                                       "status",
                                                       "epochs",
                                                       "best_epoch",
                                                       "val_loss",
                                                       "val_accuracy",
                                                       "test_loss",
                                                       "test_accuracy",
                                                       "test_accuracy_stderr",
                                                       "train_seconds",
                                                       "total_seconds",
                                                       "samples_per_second",
                                                       "weights",
                                                       "bubble_predicted",
                                                       "bubble_measured",
                                                       "diverged_epoch",
                                                       "diverged_batch",
                                                       "diverged_lr",
                                                       "plans",
                                                       "ranks_bytes_per_step"});
  CHECK(events[4]["status"] == "completed");
  CHECK(events[4]["epochs"] == 3);
  CHECK(events[4]["test_accuracy"].get<double>() > 0.7);
  CHECK(events[4]["total_seconds"] > events[4]["train_seconds"]);
}

TEST_CASE("without validation its fields are null") {
  const auto events = train_events({"--epochs", "1", "--limit", "300"});
  REQUIRE(events.size() == 3);
  CHECK(events[0]["train_samples"] == 300);
  CHECK(events[1]["val_loss"].is_null());
  CHECK(events[1]["val_accuracy"].is_null());
}

TEST_CASE("any number of workers, strategy and exact merge prints the same digest") {
  for (const std::string batch : {"64", "100"}) {
    std::set<std::string> digests;
    for (const std::vector<std::string>& schedule :
         std::vector<std::vector<std::string>>{{"--sequential"},
                                               {"--strategy", "sequential"},
                                               {"--workers", "1"},
                                               {"--workers", "2"},
                                               {"-j", "3"},
                                               {"--threads", "8"},
                                               {"--merge", "ordered", "--workers", "5"},
                                               {"--merge", "ordered", "--workers", "200"}}) {
      std::vector<std::string> arguments = {"--epochs", "2", "--limit", "1000", "-b", batch};
      arguments.insert(arguments.end(), schedule.begin(), schedule.end());
      digests.insert(train_events(arguments).back()["weights"].get<std::string>());
    }
    CAPTURE(batch);
    CHECK(digests.size() == 1);
    CHECK(digests.begin()->starts_with("xxh128:"));
  }
}

TEST_CASE("loaders and queues print the same digest, with augmentation and without") {
  std::set<std::string> digests;
  for (const std::string augment : {"none", "noise", "shift", "noise,shift", "shift,noise"}) {
    std::set<std::string> same;
    for (const std::vector<std::string>& schedule :
         std::vector<std::vector<std::string>>{{"--sequential"},
                                               {"-j", "2"},
                                               {"--sequential", "--loaders", "1"},
                                               {"-j", "3", "--loaders", "2", "--queue", "1"},
                                               {"-j", "2", "--loaders", "5", "--queue", "4096"}}) {
      std::vector<std::string> arguments = {"--epochs", "2",   "--limit",   "1000",
                                            "-b",       "100", "--augment", augment};
      arguments.insert(arguments.end(), schedule.begin(), schedule.end());
      same.insert(train_events(arguments).back()["weights"].get<std::string>());
    }
    CAPTURE(augment);
    CHECK(same.size() == 1);
    digests.merge(same);
  }
  CHECK(digests.size() == 4);
}

TEST_CASE("the settings tell of loaders and augmentation when there are any") {
  const ProgramResult result = run_program(
      {"--dry-run", "--epochs", "1", "--loaders", "2", "--queue", "7", "--augment", "shift"});
  CHECK(result.exit_code == 0);
  CAPTURE(result.err);
  CHECK(result.err.find("loaders   2 loaders, up to 7 batches ahead") != std::string::npos);
  CHECK(result.err.find("augment   shift") != std::string::npos);
  const ProgramResult usual = run_program({"--dry-run", "--epochs", "1"});
  CHECK(usual.err.find("\nloaders") == std::string::npos);
  CHECK(usual.err.find("\naugment") == std::string::npos);
}

TEST_CASE("the start event says how the work is shared out") {
  const auto data = train_events({"--dry-run", "-j", "3", "--merge", "arrival"});
  CHECK(data[0]["plan"]["strategy"] == "data");
  CHECK(data[0]["plan"]["merge"] == "arrival");
  CHECK(data[0]["plan"]["workers"] == 3);
  const auto sequential = train_events({"--dry-run", "--sequential", "-j", "3"});
  CHECK(sequential[0]["plan"]["strategy"] == "sequential");
  CHECK(sequential[0]["plan"]["workers"] == 1);
}

TEST_CASE("seeds, batch sizes and the order of samples change the weights") {
  std::set<std::string> digests;
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{},
                                             {"--seed", "2"},
                                             {"-b", "32"},
                                             {"--no-shuffle"},
                                             {"--lr", "0.01"},
                                             {"--hidden", "none"},
                                             {"--hidden", "16"},
                                             {"--momentum", "0.5"},
                                             {"--weight-decay", "0.01"},
                                             {"--clip-norm", "0.1"},
                                             {"--lr-schedule", "cosine"},
                                             {"--warmup-epochs", "1"}}) {
    std::vector<std::string> arguments = {"--epochs", "2", "--limit", "300"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    digests.insert(train_events(arguments).back()["weights"].get<std::string>());
  }
  CHECK(digests.size() == 12);
}

TEST_CASE("an empty list of hidden layers is a single layer") {
  for (const std::string hidden : {"", "none"}) {
    const auto events = train_events({"--dry-run", "--epochs", "1", "--hidden", hidden});
    CHECK(events[0]["layers"] == Json({784, 10}));
  }
  CHECK(train_events({"--dry-run", "--hidden="})[0]["layers"] == Json({784, 10}));
}

TEST_CASE("more workers than samples train") {
  const auto events = train_events({"--epochs", "2", "--limit", "3", "-j", "8", "-b", "1000000"});
  CHECK(events[0]["train_samples"] == 3);
  CHECK(events[0]["plan"]["workers"] == 8);
}

TEST_CASE("a dry run makes one step per epoch") {
  const auto events =
      train_events({"--epochs", "3", "--dry-run", "--log-interval", "1", "-b", "50"});
  REQUIRE(events.size() == 8);
  CHECK(events[1] == Json({{"event", "step"},
                           {"epoch", 1},
                           {"batch", 1},
                           {"samples", 50},
                           {"train_loss", events[2]["train_loss"]},
                           {"lr", events[2]["lr"]}}));
}

TEST_CASE("steps are reported every so many batches") {
  const auto events =
      train_events({"--epochs", "2", "--limit", "1000", "-b", "100", "--log-interval", "4"});
  std::vector<std::pair<int, int>> steps;
  for (const Json& event : events) {
    if (event["event"] == "step") steps.emplace_back(event["epoch"], event["batch"]);
  }
  CHECK(steps == std::vector<std::pair<int, int>>{{1, 4}, {1, 8}, {2, 4}, {2, 8}});
  CHECK(keys_of(events[1]) ==
        std::vector<std::string>{"event", "epoch", "batch", "samples", "train_loss", "lr"});
}

TEST_CASE("early stopping names the epoch whose weights were kept") {
  // A rate that makes it worse sooner or later.
  const auto events = train_events({"--epochs", "200", "--limit", "400", "--val-split", "0.2",
                                    "--early-stopping", "2", "--lr-schedule", "constant"});
  const Json& summary = events.back();
  CHECK(summary["status"] == "early_stopped");
  CHECK(summary["best_epoch"] == summary["epochs"].get<int>() - 2);
}

TEST_CASE("training that diverges ends with 3 and says what to do") {
  const ProgramResult result =
      run_program({"--lr", "1e30", "--format", "jsonl", "-q", "--limit", "500"});
  CHECK(result.exit_code == 3);
  CAPTURE(result.err);
  CHECK(result.err.find("diverged in epoch 1, batch ") != std::string::npos);
  CHECK(result.err.find("--clip-norm") != std::string::npos);
  const Json summary = Json::parse(lines_of(result.out).back());
  CHECK(summary["status"] == "diverged");
  CHECK(summary["diverged_epoch"] == 1);
  CHECK(summary["diverged_batch"].get<int>() >= 1);
  CHECK(summary["diverged_lr"].get<double>() > 1e29);
  CHECK(summary["test_loss"].is_null());
}

TEST_CASE("an accuracy below the bound ends with 4 after the whole summary") {
  const auto with_bound = [](const std::string& bound) {
    return run_program(
        {"--epochs", "1", "--limit", "500", "--format", "jsonl", "-q", "--min-accuracy", bound});
  };
  const ProgramResult missed = with_bound("0.999");
  CHECK(missed.exit_code == 4);
  CHECK(Json::parse(lines_of(missed.out).back())["status"] == "completed");
  CHECK(missed.err.find("--min-accuracy 0.999") != std::string::npos);
  const ProgramResult met = with_bound("0.1");
  CHECK(met.exit_code == 0);
  CHECK(met.err.empty());
}

TEST_CASE("data that are missing or bad end with 1 and one line that names them") {
  const TemporaryFolder folder;
  folder.write("t10k-images-idx3-ubyte", "bad");
  for (const std::string& data : {std::string("/no/such/folder"), folder.path().string()}) {
    const ProgramResult result = run_program({"--data", data});
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    REQUIRE(lines_of(result.err).size() == 1);
    CHECK(result.err.find(data) != std::string::npos);
  }
}

TEST_CASE("files can be named one by one, and labels are checked against the classes") {
  const std::string sample = TRP_SAMPLE_DIR;
  const std::vector<std::string> files = {"--images",      sample + "/train-images-idx3-ubyte.gz",
                                          "--labels",      sample + "/train-labels-idx1-ubyte.gz",
                                          "--test-images", sample + "/t10k-images-idx3-ubyte.gz",
                                          "--test-labels", sample + "/t10k-labels-idx1-ubyte.gz",
                                          "--dry-run"};
  CHECK(train_events(files)[0]["train_samples"] == 5000);

  auto with_input = files;
  with_input[1] = std::string("-");
  const ProgramResult piped = run_program(ProgramStart{.arguments = with_input, .input = files[1]});
  CHECK(piped.exit_code == 0);

  auto more_classes = files;
  more_classes.insert(more_classes.end(), {"--classes", "12"});
  CHECK(train_events(more_classes)[0]["layers"] == Json({784, 128, 64, 12}));

  auto fewer_classes = files;
  fewer_classes.insert(fewer_classes.end(), {"--classes", "9"});
  CHECK(run_program(fewer_classes).exit_code == 1);
}

TEST_CASE("a validation share that leaves nothing to train on or to validate is refused") {
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--limit", "1", "--val-split", "0.9"}, {"--limit", "3", "--val-split", "0.1"}}) {
    const ProgramResult result = run_program(options);
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find("validation share") != std::string::npos);
  }
}

}  // namespace
}  // namespace trp
