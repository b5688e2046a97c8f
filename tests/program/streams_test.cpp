#include <cstdlib>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "catch.h"
#include "program/small_training.h"
#include "temporary_folder.h"

namespace trp {
namespace {

using Json = nlohmann::json;

const std::vector<std::string> kShort = {"--epochs", "2", "--limit", "300"};

std::vector<std::string> shortly(std::vector<std::string> options) {
  options.insert(options.end(), kShort.begin(), kShort.end());
  return options;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("results go to standard output and talk to standard error") {
  const ProgramResult result = run_program(shortly({}));
  CHECK(result.exit_code == 0);
  CHECK(lines_of(result.out).size() == 9);  // header, two epochs, a space, five lines of summary
  for (const char* part :
       {"train loss", "test accuracy", " ± ", "weights        xxh128:", "completed 2 epochs"}) {
    CHECK(has(result.out, part));
  }
  for (const char* part : {TRP_SAMPLE_DIR, "784 → 128 → 64 → 10, 109 386 parameters", "2 epochs",
                           "seed 1", "300 samples to train on, 1 000 to test"}) {
    CAPTURE(result.err);
    CHECK(has(result.err, part));
  }
}

TEST_CASE("away from a terminal there are no carriage returns and no escapes") {
  for (const std::string format : {"text", "json", "jsonl", "csv"}) {
    const ProgramResult result = run_program(shortly({"--format", format, "-v"}));
    for (const std::string& text : {result.out, result.err}) {
      CHECK(text.find('\r') == std::string::npos);
      CHECK(text.find('\x1b') == std::string::npos);
      CHECK(text.ends_with('\n'));
    }
  }
}

TEST_CASE("colour can be asked for, and NO_COLOR only changes what is automatic") {
  const ProgramStart always = {.arguments = shortly({"--color", "always"}),
                               .environment = {"NO_COLOR=1"}};
  CHECK(has(run_program(always).out, "\x1b["));
  CHECK(!has(run_program(shortly({"--color", "never"})).out, "\x1b["));
}

TEST_CASE("quiet JSON lines leave standard error empty and all events in place") {
  const ProgramResult loud = run_program(shortly({"--format", "jsonl"}));
  const ProgramResult quiet = run_program(shortly({"--format", "jsonl", "-q", "-j", "64"}));
  CHECK(!loud.err.empty());
  CHECK(quiet.err.empty());
  const auto lines = lines_of(quiet.out);
  REQUIRE(lines.size() == 4);
  for (const std::string& line : lines) CHECK(Json::parse(line).is_object());
  const auto weights = [](const ProgramResult& result) {
    return Json::parse(lines_of(result.out).back())["weights"];
  };
  CHECK(weights(loud) == weights(quiet));
}

TEST_CASE("quiet text is the summary only") {
  const ProgramResult result = run_program(shortly({"-q"}));
  CHECK(result.err.empty());
  const auto lines = lines_of(result.out);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].starts_with("test accuracy"));
}

TEST_CASE("CSV has a header and a row per epoch") {
  const auto lines = lines_of(run_program(shortly({"--format", "csv"})).out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr,seconds,samples_per_second");
  CHECK(lines[2].starts_with("2,"));
  CHECK(has(lines[2], ",,,"));
}

TEST_CASE("JSON is one document") {
  const Json document = Json::parse(run_program(shortly({"--format", "json"})).out);
  CHECK(document["start"]["event"] == "start");
  CHECK(document["epochs"].size() == 2);
  CHECK(document["epochs"][1]["epoch"] == 2);
  CHECK(document["summary"]["status"] == "completed");
}

/// What another run may have left of a log.
const std::string kOldLog = R"({"event":"start","schema":2,"time":"2026-)";

TEST_CASE("the log has the JSON lines of any format") {
  const TemporaryFolder folder;
  const std::string log = folder.write("log.jsonl", kOldLog).string();
  const ProgramResult result = run_program(shortly({"--log", log, "--log-interval", "2"}));
  CHECK(result.exit_code == 0);
  CHECK(has(result.out, "  batch 2, 128 of 300 samples"));
  const auto lines = lines_of(read_text(log));
  REQUIRE(lines.size() == 8);
  CHECK(Json::parse(lines.front())["event"] == "start");
  CHECK(Json::parse(lines[1])["event"] == "step");
  CHECK(Json::parse(lines.back())["event"] == "summary");
}

TEST_CASE("a log that cannot be opened is noticed before data are read") {
  const TemporaryFolder bad_data;
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    bad_data.write(name, "bad");
  }
  const std::string data = bad_data.path().string();
  const ProgramResult result = run_program({"--data", data, "--log", "/no/such/folder/log"});
  CHECK(result.exit_code == 1);
  CHECK(has(result.err, "/no/such/folder/log: cannot be written: No such file"));
}

TEST_CASE("wrong usage leaves the log of before alone") {
  const TemporaryFolder folder;
  const std::string log = folder.write("log.jsonl", kOldLog).string();
  CHECK(run_program({"--log", log, "--images", "alone"}).exit_code == 2);
  CHECK(run_program({"--log", log, "--epochs", "0"}).exit_code == 2);
  CHECK(run_program({"--log", log, "--data", "/nowhere"}).exit_code == 1);
  CHECK(run_program({"--log", log, "--limit", "100", "--val-split", "0.001"}).exit_code == 2);
  CHECK(run_program({"--log", log, "--classes", "5"}).exit_code == 1);
  CHECK(read_text(log) == kOldLog);
}

TEST_CASE("output that cannot be written ends with 1 and a message") {
  for (const std::string format : {"text", "json", "jsonl", "csv"}) {
    const ProgramResult full = run_program(
        ProgramStart{.arguments = shortly({"--format", format}), .output = "/dev/full"});
    CHECK(full.exit_code == 1);
    CHECK(has(full.err, "standard output: cannot write: No space left on device"));
  }
  CHECK(run_program(ProgramStart{.arguments = {"--help"}, .output = "/dev/full"}).exit_code == 1);
  const ProgramResult log = run_program(shortly({"--log", "/dev/full"}));
  CHECK(log.exit_code == 1);
  CHECK(has(log.err, "/dev/full: cannot write: No space left on device"));
}

TEST_CASE("output that cannot be written costs neither model nor checkpoint") {
  const SmallTraining training;
  const std::vector<std::string> files = {"--save", training.path("m.npz"), "--checkpoint",
                                          training.path("c")};
  const auto command = [&](std::vector<std::string> more) {
    more.insert(more.end(), files.begin(), files.end());
    return training.command(more);
  };
  const ProgramResult log =
      run_program(command({"--epochs", "3", "--save-every", "5", "--log", "/dev/full"}));
  CHECK(log.exit_code == 1);
  CHECK(has(log.err, "warning: /dev/full takes no more lines; training goes on"));
  CHECK(has(log.err, "/dev/full: cannot write: No space left on device"));
  CHECK(has(log.out, "\"status\":\"completed\",\"epochs\":3"));
  CHECK(training.has("c"));
  const std::string model = training.content("m.npz");
  CHECK(!model.empty());
  std::filesystem::remove(training.path("c"));

  const ProgramResult full = run_program(
      ProgramStart{.arguments = command({"--epochs", "1000000"}), .output = "/dev/full"});
  CHECK(full.exit_code == 1);
  CHECK(has(full.err, "m.npz was not written: nothing is trained yet"));
  CHECK(training.content("m.npz") == model);

  Program program({.arguments = command({"--epochs", "1000000"})});
  REQUIRE(program.wait_for("\"epoch\":2"));
  program.close_output();
  CHECK(program.wait().exit_code == 128 + 13);
  CHECK(training.has("c"));
  CHECK(training.content("m.npz") != model);

  // What could not be saved is told, though nobody reads the results.
  std::filesystem::create_directory(training.path("folder"));
  Program unsaved({.arguments = training.command(
                       {"--epochs", "1000000", "--save", training.path("folder/m.npz")})});
  REQUIRE(unsaved.wait_for("\"epoch\":2"));
  std::filesystem::remove_all(training.path("folder"));
  unsaved.close_output();
  const ProgramResult told = unsaved.wait();
  CHECK(told.exit_code == 1);
  CHECK(has(told.err, "folder/m.npz: cannot be written: No such file or directory"));
}

TEST_CASE("a file that grows beyond the limit of the shell is an error like another") {
  const SmallTraining training;
  std::string command =
      fmt::format("ulimit -f 1; exec {} -o {} 2>&1", TRP_PROGRAM, training.path("m.npz"));
  for (const std::string& argument : training.command({"--hidden", "64", "--epochs", "1"}))
    command += " '" + argument + "'";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text(4096, 0);
  text.resize(fread(text.data(), 1, text.size(), pipe));
  CHECK(WEXITSTATUS(pclose(pipe)) == 1);
  CHECK(has(text, "m.npz: cannot be written: File too large"));
  CHECK_FALSE(training.has_temporary_file());
}

TEST_CASE("a reader of standard error that goes away does not end the training") {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string();
  const std::string code = (folder.path() / "code").string();
  const std::string command = fmt::format(
      "( {} --data {} --limit 500 --epochs 3 2>&1 >{}; echo $? >{} ) | head -c 1 >/dev/null",
      TRP_PROGRAM, TRP_SAMPLE_DIR, out, code);
  CHECK(std::system(command.c_str()) == 0);
  CHECK(read_text(code) == "0\n");
  CHECK(has(read_text(out), "completed 3 epochs"));
}

TEST_CASE("a closed standard output ends with 1 and a message") {
  const ProgramResult result = run_program(ProgramStart{.arguments = kShort, .close_output = true});
  CHECK(result.exit_code == 1);
  CHECK(has(result.err, "standard output is closed"));
}

TEST_CASE("a reader that has seen enough ends the program quietly") {
  for (const bool ignored : {false, true}) {
    Program program({.arguments = {"--epochs", "100000", "--limit", "300", "-q", "--format", "csv"},
                     .ignore_sigpipe = ignored});
    REQUIRE(program.wait_for("epoch,"));
    program.close_output();
    const ProgramResult result = program.wait();
    CHECK(result.exit_code == 128 + 13);
    CHECK(result.err.empty());
  }
}

TEST_CASE("help fits a screen, shows every group and default, and starts with usage") {
  for (const std::string option : {"--help", "-h"}) {
    const ProgramResult result = run_program({"--epochs", "7", option});
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    const auto lines = lines_of(result.out);
    CHECK(lines.size() <= 60);
    CHECK(lines.front() == "usage: tensor_relu_parallel [train] [OPTIONS]");
    for (const std::string& line : lines) CHECK(line.size() <= 100);
    for (const char* part : {"\nData\n", "\nModel\n", "\nTraining\n", "\nParallelism\n",
                             "\nOutput\n", "[128,64]", "[10]", "[64]", "[auto]", "--threads"}) {
      CHECK(has(result.out, part));
    }
  }
}

TEST_CASE("the version names what was built") {
  for (const std::string option : {"--version", "-V"}) {
    const ProgramResult result = run_program({option});
    CHECK(result.exit_code == 0);
    CHECK(result.out.starts_with("tensor_relu_parallel 0."));
    for (const char* part : {"Eigen ", "Highway ", "fmt ", "CLI11 "}) {
      CHECK(has(result.out, part));
    }
  }
}

TEST_CASE("the version is told as JSON, wherever --format stands") {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--version", "--format", "json"}, {"--format=json", "-V"}, {"-V", "--format=json"}}) {
    const ProgramResult result = run_program(arguments);
    CHECK(result.exit_code == 0);
    const auto version = nlohmann::json::parse(result.out);
    CHECK(version["event"] == "version");
    CHECK(version["build"].contains("commit"));
    CHECK(!version["build"]["compiler"].get<std::string>().empty());
    CHECK(!version["cpu"].get<std::string>().empty());
    CHECK(version["libraries"].contains("Eigen"));
  }
  CHECK(run_program({"--version", "--format", "csv"}).out.starts_with("event,schema,time,"));
  CHECK(run_program({"--version", "--format", "jsonl"}).out.starts_with("tensor_relu_parallel 0."));
}

TEST_CASE("the manual and the shells' completions have every option of every command") {
  for (const std::string form : {"man", "bash", "zsh", "fish"}) {
    const ProgramResult manual = run_program({"--manual", form});
    CHECK(manual.exit_code == 0);
    CHECK(manual.err.empty());
    std::string text = manual.out;
    std::erase(text, '\\');
    for (const std::string command :
         {"train", "eval", "predict", "bench", "lab", "convert", "export", "info", "selftest"}) {
      for (const std::string& line : lines_of(run_program({command, "--help-all"}).out)) {
        const std::size_t begin = line.find("--");
        if (!line.starts_with("  -") && !line.starts_with("      --")) continue;
        const std::string option = line.substr(begin + 2, line.find(' ', begin) - begin - 2);
        CAPTURE(form, command, option);
        CHECK(has(text, (form == "fish" ? "-l " : "--") + option));
      }
    }
  }
  const ProgramResult refused = run_program({"--manual", "tcsh"});
  CHECK(refused.exit_code == 2);
  CHECK(has(refused.err, "--manual: expected man, bash, zsh or fish"));
  CHECK(!has(run_program({"--help-all"}).out, "--manual"));
}

TEST_CASE("more workers than CPUs are obeyed with one warning") {
  const ProgramResult result = run_program(shortly({"-j", "1000"}));
  CHECK(result.exit_code == 0);
  CHECK(has(result.err, "warning: 1000 workers share "));
  CHECK(result.err.find("warning") == result.err.rfind("warning"));
}

}  // namespace
}  // namespace trp
