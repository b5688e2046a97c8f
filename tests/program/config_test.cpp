#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {
namespace {

TEST_CASE("a printed configuration can be fed back and prints the same again") {
  const TemporaryFolder folder;
  const ProgramResult printed = run_program({"--print-config",
                                             "--data",
                                             "a \"folder\" # of\\mine",
                                             "--hidden",
                                             "7,5",
                                             "--epochs",
                                             "3",
                                             "-b",
                                             "32",
                                             "--lr",
                                             "0.3",
                                             "--lr-schedule",
                                             "cosine",
                                             "--warmup-epochs",
                                             "1",
                                             "--momentum",
                                             "0.1",
                                             "--weight-decay",
                                             "1e-4",
                                             "--clip-norm",
                                             "2.5",
                                             "--val-split",
                                             "0.25",
                                             "--early-stopping",
                                             "4",
                                             "--seed",
                                             "18446744073709551615",
                                             "--dry-run",
                                             "-j",
                                             "3",
                                             "--sequential",
                                             "--merge",
                                             "ordered",
                                             "--format",
                                             "csv",
                                             "--log",
                                             "l\nog",
                                             "--log-interval",
                                             "9",
                                             "-v",
                                             "--no-progress",
                                             "--no-shuffle",
                                             "--color",
                                             "never",
                                             "--min-accuracy",
                                             "0.125",
                                             "--limit",
                                             "77",
                                             "--classes",
                                             "12"});
  REQUIRE(printed.exit_code == 0);
  CHECK(printed.err.empty());
  CHECK(printed.out.find("strategy = \"sequential\"") != std::string::npos);
  CHECK(printed.out.find("seed = 18446744073709551615") != std::string::npos);
  const std::string file = folder.write("train.conf", printed.out).string();
  const ProgramResult again = run_program({"-c", file, "--print-config"});
  CHECK(again.exit_code == 0);
  CHECK(again.out == printed.out);
}

TEST_CASE("the defaults can be printed and fed back") {
  const TemporaryFolder folder;
  const std::string defaults = run_program({"--print-config"}).out;
  const std::string file = folder.write("train.conf", defaults).string();
  CHECK(run_program({"--config=" + file, "--print-config"}).out == defaults);
}

TEST_CASE("the recipes that come with the program are such files") {
  const std::filesystem::path folder = std::filesystem::path(TRP_SAMPLE_DIR) / "../recipes";
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".conf") continue;
    ++count;
    INFO(entry.path());
    CHECK(run_program({"--config", entry.path().string(), "--dry-run", "-q"}).exit_code == 0);
  }
  CHECK(count == 3);
}

TEST_CASE("a file may ask for quiet or for talk, not for both") {
  const TemporaryFolder folder;
  const auto both = folder.write("both", "quiet = true\nverbose = true\n").string();
  const ProgramResult result = run_program({"-c", both, "--dry-run"});
  CHECK(result.exit_code == 2);
  CHECK(result.err.find("--quiet and --verbose") != std::string::npos);
  const auto one = folder.write("one", "quiet = false\nverbose = true\n").string();
  CHECK(run_program({"-c", one, "--dry-run"}).exit_code == 0);
}

TEST_CASE("the command line wins over the file, wherever it stands") {
  const TemporaryFolder folder;
  const std::string file =
      folder
          .write("train.conf",
                 "epochs = 2  # short\nlimit = 300\nno-shuffle = true\nquiet = true\n")
          .string();
  const ProgramResult result =
      run_program({"--epochs", "1", "-c", file, "--format", "jsonl", "--no-shuffle=false"});
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
  REQUIRE(lines_of(result.out).size() == 3);
  CHECK(nlohmann::json::parse(lines_of(result.out)[0])["train_samples"] == 300);
}

TEST_CASE("wrong configurations are refused with file and line") {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"\nepoch = 3\n", ":2: unknown name \"epoch\"; did you mean epochs?"},
      {"epochs = 3x\n", ":1: epochs: expected a whole number from 1 to 1000000, found \"3x\""},
      {"epochs 3\n", ":1: expected \"name = value\", found \"epochs 3\""},
      {"epochs = 3\nepochs = 4\n", ":2: expected each name once, found epochs again"},
      {"help = true\n", ":1: unknown name \"help\""},
      {"config = \"x\"\n", ":1: unknown name \"config\""},
      {"[train]\nepochs = 3\n", ":1: expected"},
      {"data = \"open\n", ":1: data: expected a closing quote"},
      {"dry-run = yes\n", ":1: dry-run: expected true or false"}};
  for (const auto& [content, message] : wrong) {
    const std::string file = folder.write("train.conf", content).string();
    const ProgramResult result = run_program(
        ProgramStart{.arguments = {"-c", file}, .environment = {"TENSOR_RELU_DATA=/nowhere"}});
    CAPTURE(content, result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.err.find(file + message) != std::string::npos);
  }
}

TEST_CASE("a configuration that cannot be read ends with 1") {
  for (const std::string path : {"/no/such/file", "/tmp", "/dev/zero"}) {
    const ProgramResult result = run_program({"-c", path});
    CAPTURE(result.err);
    CHECK(result.exit_code == 1);
    CHECK(result.err.find(path) != std::string::npos);
  }
}

}  // namespace
}  // namespace trp
