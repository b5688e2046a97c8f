// What a user sees of the methods: models that training starts from, several seeds, and the look at
// mistakes.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {
namespace {

using Json = nlohmann::ordered_json;

const std::string kSample = TRP_SAMPLE_DIR;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// Trains on a part of the sample, in quiet.
ProgramResult train(std::vector<std::string> options) {
  for (const char* option : {"--data", kSample.c_str(), "--limit", "1000", "--epochs", "1", "-q"})
    options.emplace_back(option);
  return run_program(options);
}

ProgramResult evaluate(std::vector<std::string> options) {
  options.insert(options.begin(), "eval");
  options.insert(options.end(), {"--data", kSample});
  return run_program(options);
}

}  // namespace

TEST_CASE("a model that takes inputs as they are comes of a training on normalized ones") {
  const TemporaryFolder folder;
  const std::string model = (folder.path() / "m.safetensors").string();
  const ProgramResult trained =
      train({"--normalize", "standard", "--optimizer", "adam", "--average-weights", "0.9",
             "--format", "jsonl", "-o", model});
  REQUIRE(trained.exit_code == 0);
  const Json summary = Json::parse(lines_of(trained.out).back());
  const ProgramResult scored = evaluate({model, "--format", "json", "-q"});
  REQUIRE(scored.exit_code == 0);
  for (const char* key : {"test_loss", "test_accuracy", "weights"})
    CHECK(Json::parse(scored.out)[key] == summary[key]);
}

TEST_CASE("training starts from a model's weights, if its layers are the same") {
  const TemporaryFolder folder;
  const std::string model = (folder.path() / "m.npz").string(),
                    next = (folder.path() / "n.npz").string();
  REQUIRE(train({"-o", model}).exit_code == 0);
  const ProgramResult again = train({"--init", model, "--format", "json"});
  REQUIRE(again.exit_code == 0);
  const Json document = Json::parse(again.out);
  CHECK(document["start"]["recipe"]["init"].get<std::string>().starts_with("xxh128:"));
  const Json fresh = Json::parse(train({"--format", "json"}).out);
  CHECK(document["epochs"][0]["train_loss"] < fresh["epochs"][0]["train_loss"]);
  const ProgramResult other = train({"--init", model, "--hidden", "32"});
  CHECK(other.exit_code == 1);
  CHECK(has(other.err, "expected a model of layers 784 → 32 → 10, found 784 → 128 → 64 → 10"));
  CHECK(has(other.err, "--hidden 128,64"));
  CHECK(train({"--init", (folder.path() / "none.npz").string()}).exit_code == 1);
  const ProgramResult classes = train({"--init", model, "--classes", "11"});
  CHECK(has(classes.err, "was it trained on other data, or with other --classes?"));
  CHECK(train({"--init", model, "-o", model}).exit_code == 2);
  CHECK(train({"--init", "-"}).exit_code == 2);
  const ProgramResult compared = train({"--init", model, "--compare", "-j", "2"});
  CHECK(compared.exit_code == 0);
  CHECK(has(compared.out, "same weights"));
}

TEST_CASE("a training from a model's weights is resumed as such") {
  const TemporaryFolder folder;
  const std::string model = (folder.path() / "m.npz").string(),
                    state = (folder.path() / "c").string();
  REQUIRE(train({"-o", model}).exit_code == 0);
  REQUIRE(train({"--init", model, "--checkpoint", state}).exit_code == 0);
  CHECK(train({"--resume", state}).exit_code == 0);
  CHECK(train({"--resume", state, "--init", model}).exit_code == 0);
  REQUIRE(train({"--seed", "2", "-o", model, "--force"}).exit_code == 0);
  const ProgramResult other = train({"--resume", state, "--init", model});
  CHECK(other.exit_code == 1);
  CHECK(has(other.err, "--init is xxh128:"));
}

TEST_CASE("several seeds give a mean and a deviation, in every format") {
  const ProgramResult text = train({"--repeat", "3"});
  REQUIRE(text.exit_code == 0);
  CHECK(has(text.out, "(mean and deviation of 3 seeds)"));

  const ProgramResult json = train({"--repeat", "3", "--seed", "5", "--format", "json"});
  const Json document = Json::parse(json.out);
  REQUIRE(document["runs"].size() == 3);
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(document["runs"][i]["seed"] == 5 + i);
    sum += document["runs"][i]["test_accuracy"].get<double>();
  }
  CHECK(document["repeat"]["test_accuracy_mean"].get<double>() == Approx(sum / 3));
  const ProgramResult single = train({"--seed", "6", "--format", "json"});
  CHECK(Json::parse(single.out)["summary"]["weights"] == document["runs"][1]["weights"]);

  const Json validated =
      Json::parse(train({"--repeat", "2", "--val-split", "0.2", "--format", "json"}).out);
  CHECK(validated["repeat"]["val_accuracy_mean"].get<double>() ==
        Approx((validated["runs"][0]["val_accuracy"].get<double>() +
                validated["runs"][1]["val_accuracy"].get<double>()) /
               2));
  CHECK(lines_of(train({"--repeat", "3", "--format", "csv"}).out).size() == 4);
  CHECK(lines_of(train({"--repeat", "3", "--format", "jsonl"}).out).size() == 5);
  CHECK(train({"--repeat", "2", "--min-accuracy", "0.999"}).exit_code == 4);
  const ProgramResult diverged = train({"--repeat", "2", "--lr", "1e30", "--format", "json"});
  CHECK(diverged.exit_code == 3);
  CHECK(Json::parse(diverged.out)["runs"][0]["status"] == "diverged");
  CHECK(Json::parse(diverged.out)["repeat"]["test_accuracy_mean"].is_null());
  CHECK(train({"--repeat", "2", "-o", "m.npz"}).exit_code == 2);
}

TEST_CASE("a checkpoint tells the weights that a model of it would have") {
  const TemporaryFolder folder;
  const std::string state = (folder.path() / "c").string();
  const ProgramResult trained = train({"--normalize", "standard", "--average-weights", "0.9",
                                       "--checkpoint", state, "--format", "jsonl"});
  REQUIRE(trained.exit_code == 0);
  const Json summary = Json::parse(lines_of(trained.out).back());
  CHECK(has(run_program({"info", state}).out, summary["weights"].get<std::string>()));
}

TEST_CASE("no state is saved that diverges or cannot be read again") {
  const TemporaryFolder folder;
  const std::string state = (folder.path() / "c").string();
  const std::vector<std::vector<std::string>> doomed = {
      {"--limit", "64", "--epochs", "12", "--lr", "1e3", "--average-weights", "0.999999"},
      {"--hidden", "none", "--optimizer", "adam", "--lr", "1e16", "--weight-decay", "1e6"}};
  for (std::vector<std::string> options : doomed) {
    options.insert(options.end(), {"--data", kSample, "-q", "--lr-schedule", "constant",
                                   "--checkpoint", state, "--force"});
    if (options[0] == "--hidden")
      options.insert(options.end(), {"--limit", "300", "--epochs", "2"});
    CHECK(run_program(options).exit_code == 3);
    if (!std::filesystem::exists(state)) continue;
    CHECK(run_program({"info", state}).exit_code == 0);
    // It goes on for a step at least.
    const ProgramResult next = run_program(
        {"--resume", state, "--data", kSample, "--format", "jsonl", "--log-interval", "1", "-q"});
    const std::vector<std::string> events = lines_of(next.out);
    const auto step = std::ranges::find_if(
        events, [](const std::string& line) { return has(line, R"("event":"step")"); });
    REQUIRE(step != events.end());
    CHECK(Json::parse(*step)["train_loss"].is_number());
  }
}

TEST_CASE("a look at mistakes: drawn, in a table, by the names of their classes") {
  const TemporaryFolder folder;
  const std::string model = (folder.path() / "m.npz").string(),
                    names = (folder.path() / "names").string(),
                    table = (folder.path() / "t.csv").string();
  REQUIRE(train({"-o", model}).exit_code == 0);
  folder.write("names", "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
  const ProgramResult text =
      evaluate({model, "--class-names", names, "--errors", "2", "--predictions", table});
  REQUIRE(text.exit_code == 0);
  CHECK(has(text.out, "\n3 three "));
  CHECK(has(text.out, ", taken for "));
  CHECK(has(text.out, "calibration "));

  const std::vector<std::string> lines = lines_of(content_of(table));
  CHECK(lines.size() == 1001);
  CHECK(lines[0] == "index,label,prediction,loss,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9");
  const Json json = Json::parse(
      evaluate({model, "--class-names", names, "--errors", "3", "--format", "json", "-q"}).out);
  CHECK(json["mistakes"].size() == 3);
  CHECK(json["classes"][3]["name"] == "three");
  double loss = 0;
  int right = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::istringstream row(lines[i]);
    std::string index, label, prediction, own;
    std::getline(row, index, ','), std::getline(row, label, ',');
    std::getline(row, prediction, ','), std::getline(row, own, ',');
    CHECK(index == std::to_string(i - 1));
    loss += std::stod(own) / 1000;
    right += label == prediction;
  }
  CHECK(loss == Approx(json["test_loss"].get<double>()).epsilon(1e-4));
  CHECK(right / 1000.0 == Approx(json["test_accuracy"].get<double>()));

  const std::string images = kSample + "/t10k-images-idx3-ubyte.gz";
  const ProgramResult predicted = run_program({"predict", model, images, "--class-names", names});
  CHECK(lines_of(predicted.out).size() == 1000);
  CHECK(has("zero one two three four five six seven eight nine", lines_of(predicted.out)[0]));

  folder.write("latin", "j\xe9\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  const std::string latin = (folder.path() / "latin").string();
  CHECK(run_program({"predict", model, images, "--class-names", latin, "--format", "jsonl"})
            .exit_code == 0);
  CHECK(run_program({"predict", model, images, "--class-names", "-"}).exit_code == 2);

  folder.write("few", "zero\none\n");
  const ProgramResult few = evaluate({model, "--class-names", (folder.path() / "few").string()});
  CHECK(few.exit_code == 1);
  CHECK(has(few.err, "expected a line for each of 10 classes, found 2"));
  CHECK(evaluate({model, "--predictions", names}).exit_code == 1);  // it is something else
}

TEST_CASE("a model says when it is scored on data unlike its own, or on its own") {
  const TemporaryFolder folder;
  const std::string model = (folder.path() / "m.npz").string();
  REQUIRE(train({"-o", model}).exit_code == 0);
  CHECK_FALSE(has(evaluate({model}).err, "warning"));
  const std::string images = kSample + "/train-images-idx3-ubyte.gz",
                    labels = kSample + "/train-labels-idx1-ubyte.gz";
  const ProgramResult own =
      run_program({"eval", model, "--test-images", images, "--test-labels", labels});
  CHECK(has(own.err, "trained on these very samples"));

  std::string dark("\0\0\x08\3\0\0\0\2\0\0\0\x1c\0\0\0\x1c", 16);
  dark += std::string(2 * 784, '\1');
  folder.write("dark", dark);
  folder.write("labels", std::string("\0\0\x08\1\0\0\0\2\0\1", 10));
  const ProgramResult other =
      run_program({"eval", model, "--test-images", (folder.path() / "dark").string(),
                   "--test-labels", (folder.path() / "labels").string()});
  CHECK(other.exit_code == 0);
  CHECK(has(other.err, "unlike those that the model was trained on"));
}

}  // namespace trp
