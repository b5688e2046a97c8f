// What a user sees of tune.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "program/run_program.h"
#include "program/small_training.h"

namespace trp {
namespace {

using Json = nlohmann::ordered_json;

const std::string kSample = TRP_SAMPLE_DIR;

std::vector<std::string> tune(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"tune", "--data", kSample, "--limit", "1000"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<Json> objects_of(const std::string& out) {
  std::vector<Json> objects;
  for (const std::string& line : lines_of(out)) objects.push_back(Json::parse(line));
  return objects;
}

/// The trials in their order, without what is measured.
std::vector<Json> trials_of(const std::vector<Json>& objects) {
  std::vector<Json> trials;
  for (Json object : objects) {
    if (object["event"] != "trial") continue;
    object.erase("train_seconds");
    trials.push_back(object);
  }
  std::ranges::sort(trials, {}, [](const Json& trial) {
    return std::pair(trial["epochs"].get<int>(), trial["trial"].get<int>());
  });
  return trials;
}

ProgramResult run_in_space(const std::string& space, std::vector<std::string> more = {}) {
  const TemporaryFolder folder;
  folder.write("space.json", space);
  more.insert(more.end(), {"--space", (folder.path() / "space.json").string(), "--trials", "3",
                           "--epochs", "1", "-q"});
  return run_program(tune(more));
}

/// Splits at spaces; nothing is in quotes here.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  std::istringstream text(command);
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

}  // namespace

TEST_CASE("tune: a number of trials gives one result, whose command trains the same weights") {
  std::vector<Json> trials;
  std::string weights;
  for (const char* workers : {"1", "2", "5"}) {
    const ProgramResult result =
        run_program(tune({"--trials", "7", "--epochs", "3", "--hidden", "16", "-q", "-j", workers,
                          "--format", "jsonl"}));
    REQUIRE(result.exit_code == 0);
    const std::vector<Json> objects = objects_of(result.out);
    const Json& start = objects.front();
    CHECK(start["event"] == "tune");
    CHECK(start["recipe"]["hidden"] == Json({16}));
    CHECK_FALSE(start["space"].contains("hidden"));
    CHECK(start["space"].contains("lr"));
    const Json& best = objects.back();
    CHECK(best["event"] == "best");
    CHECK(best["trials"] == 7);
    CHECK(best["epochs_trained"] == 7 + 3 * 2);
    if (trials.empty()) {
      trials = trials_of(objects);
      weights = best["weights"];
      std::vector<std::string> again = words_of(best["command"]);
      CHECK(again.front() == "tensor_relu_parallel");
      again.erase(again.begin());
      again.insert(again.end(), {"-q", "-j", "2"});
      CHECK(weights_in(run_program(again).out) == weights);
    }
    CHECK(trials_of(objects) == trials);
    CHECK(best["weights"] == weights);
  }
  CHECK(trials.size() == 7 + 3);
}

TEST_CASE("tune: the table ends with the command, and the files train and hold the same weights") {
  const TemporaryFolder folder;
  const std::string config = (folder.path() / "best.conf").string();
  const std::string model = (folder.path() / "best.safetensors").string();
  const std::string page = (folder.path() / "best.html").string();
  const ProgramResult result =
      run_program(tune({"--trials", "4", "--epochs", "2", "--search", "optimizer,hidden,dropout",
                        "--save-config", config, "-o", model, "--report", page}));
  REQUIRE(result.exit_code == 0);
  std::ostringstream html;
  html << std::ifstream(page).rdbuf();
  for (const char* part : {"<svg", "the best, trial ", "% of the variance", "as given"})
    CHECK(html.str().find(part) != std::string::npos);
  CHECK(html.str().find(weights_in(result.out)) != std::string::npos);
  const std::vector<std::string> lines = lines_of(result.out);
  CHECK(lines.front().starts_with("trial  epochs  "));
  CHECK(lines.back().starts_with("tensor_relu_parallel --data "));
  CHECK(result.out.find("as given") != std::string::npos);
  CHECK(
      result.err.find("search    optimizer, hidden, dropout\n          for 4 trials, of up to 2") !=
      std::string::npos);
  const std::string weights = weights_in(result.out);
  CHECK(weights_in(run_program({"--config", config, "--data", kSample, "-q"}).out) == weights);
  CHECK(run_program({"info", model}).out.find(weights) != std::string::npos);
  // They are its own kinds of files, which it may replace.
  CHECK(run_program(
            tune({"--trials", "1", "--epochs", "1", "-q", "--save-config", config, "-o", model}))
            .exit_code == 0);
}

TEST_CASE("tune: a search that was stopped tells the best, and goes on to the same result") {
  const TemporaryFolder folder;
  const std::string saved = (folder.path() / "search").string();
  const std::string model = (folder.path() / "m.npz").string();
  const auto arguments = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--trials", "40", "--epochs", "9", "--hidden", "64", "--format",
                             "jsonl", "-q", "--checkpoint", saved});
    return tune(more);
  };
  const ProgramResult whole = run_program(arguments({}));
  REQUIRE(whole.exit_code == 0);
  const Json expected = objects_of(whole.out).back();
  std::filesystem::remove(saved);

  Program program({.arguments = arguments({"-o", model})});
  REQUIRE(program.wait_for("\"trial\":3"));
  program.send(SIGINT);
  const ProgramResult stopped = program.wait();
  CHECK(stopped.exit_code == 128 + SIGINT);
  const Json best = objects_of(stopped.out).back();
  CHECK(best["event"] == "best");
  CHECK(best["trials"].get<int>() < 40);
  CHECK(run_program({"info", model}).exit_code == 0);

  const ProgramResult resumed = run_program(arguments({"--resume", saved}));
  REQUIRE(resumed.exit_code == 0);
  const Json found = objects_of(resumed.out).back();
  for (const char* field : {"trial", "val_accuracy", "weights", "command"})
    CHECK(found[field] == expected[field]);
  CHECK(found["epochs_trained"].get<int>() < expected["epochs_trained"].get<int>());

  const ProgramResult other = run_program(arguments({"--resume", saved, "--seed", "2"}));
  CHECK(other.exit_code == 1);
  CHECK(other.err.find("belongs to a different search") != std::string::npos);
}

TEST_CASE("tune: a space of one's own") {
  const ProgramResult good =
      run_in_space(R"({"hidden": ["none", 8, "8,4"], "nesterov": [true, false],
                                     "lr": {"from": 0.01, "to": 0.1},
                                     "batch-size": {"from": 8, "to": 64}})",
                   {"--format", "jsonl"});
  REQUIRE(good.exit_code == 0);
  for (const Json& trial : trials_of(objects_of(good.out))) {
    if (trial["trial"] == 0) continue;
    CHECK(trial["recipe"]["batch_size"].get<int>() >= 8);
    CHECK(trial["recipe"]["batch_size"].get<int>() <= 64);
    CHECK(trial["recipe"]["lr"].get<double>() <= 0.1);
  }
  const auto [name, space, code,
              message] = GENERATE(table<std::string, std::string, int, std::string>({
      {"no JSON", "lr = 0.1", 1, "expected"},
      {"nothing", "{}", 2, "expected an option to search"},
      {"an unknown option", R"({"learning": [1]})", 2, "learning: expected the name of an option"},
      {"a near one", R"({"batchsize": [1]})", 2, "did you mean batch-size?"},
      {"one that all trials share", R"({"epochs": [1, 2]})", 2, "epochs: expected"},
      {"a value that the option refuses", R"({"lr": [0.1, -1]})", 2, "--lr: expected"},
      {"a word", R"({"optimizer": ["sdg"]})", 2, "did you mean sgd?"},
      {"no values", R"({"lr": []})", 2, "lr: expected a list of values"},
      {"a value alone", R"({"lr": 0.1})", 2, "lr: expected a list of values"},
      {"an empty range", R"({"lr": {"from": 1, "to": 1}})", 2, "lr: expected a range"},
      {"a range without end", R"({"lr": {"from": 0.1}})", 2, "lr: expected a range"},
      {"a range of words", R"({"optimizer": {"from": 1, "to": 2}})", 2, "optimizer: "},
      {"a range with more", R"({"lr": {"from": 1, "to": 2, "by": 3}})", 2, "by: expected no field"},
      {"a range from zero", R"({"lr": {"from": 0, "to": 1}})", 2, "expected a range"},
      {"a unit", R"({"momentum": {"from": 0.1, "to": 0.9, "unit": "suited"}})", 2,
       "unit: expected"},
      {"an end beyond", R"({"momentum": {"from": 0.1, "to": 2}})", 2, "--momentum: expected"},
      {"a range of what is no number", R"({"hidden": {"from": 8, "to": 64}})", 2,
       "hidden: expected a list of values"},
      {"the same twice", R"({"lr": [1], "lr": [2]})", 1, "each name once"},
  }));
  INFO(name);
  const ProgramResult bad = run_in_space(space);
  CHECK(bad.exit_code == code);
  CHECK(bad.err.find(message) != std::string::npos);
  CHECK(bad.out.empty());
}

TEST_CASE("tune: what is drawn goes together") {
  const ProgramResult result =
      run_program(tune({"--trials", "8", "--epochs", "1", "--nesterov", "--search",
                        "optimizer,momentum", "-q", "--format", "jsonl"}));
  REQUIRE(result.exit_code == 0);
  for (const Json& trial : trials_of(objects_of(result.out))) {
    const Json& recipe = trial["recipe"];
    const bool is_sgd = recipe["optimizer"] == "sgd";
    CHECK(recipe["lr"] == (is_sgd ? 0.05 : 0.001));  // auto
    CHECK(recipe["nesterov"] == (is_sgd && recipe["momentum"] > 0));
  }
}

TEST_CASE("tune: a checkpoint replaces none but its own kind, and that is kept") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "search").string();
  const auto search = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--trials", "2", "--epochs", "1", "--checkpoint", path});
    return run_program(tune(more));
  };
  folder.write("search", R"({"name":"mine","search":{"a":1}})");
  CHECK(search({}).exit_code == 1);
  CHECK(search({"--force"}).exit_code == 0);
  CHECK(std::filesystem::remove(path + ".previous"));  // not of its kind
  const ProgramResult again = search({"--seed", "2"});
  CHECK(again.exit_code == 0);
  CHECK(again.err.find("will be replaced") != std::string::npos);
  CHECK(std::filesystem::exists(path + ".previous"));
  std::filesystem::remove(path + ".previous");
  folder.write("search", "");  // as a run leaves it that is killed before it has saved anything
  CHECK(search({"--resume", path}).exit_code == 0);
}

TEST_CASE("tune: what cannot be done is told") {
  const auto check = [](std::vector<std::string> more, int code, const std::string& message) {
    const ProgramResult result = run_program(tune(more));
    INFO(result.err);
    CHECK(result.exit_code == code);
    CHECK(result.err.find(message) != std::string::npos);
  };
  check({"--trials", "0"}, 2, "--trials: expected");
  check({"--trials", "3", "--seconds", "1"}, 2, "expected one of them");
  check({"--search", "lr,widths"}, 2, "--search: expected options of the space");
  check({"--val-split", "0"}, 2, "--val-split: expected more than 0");
  check({"--seconds", "0"}, 1, "no trial was finished");
  check({"--trials", "2", "--search", "momentum", "--lr", "1e30", "--epochs", "1"}, 3, "diverged");
  check({"--resume", kSample + "/README.md", "--trials", "1"}, 1, "README.md");
}

}  // namespace trp
