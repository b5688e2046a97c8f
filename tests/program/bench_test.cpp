#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "program/run_program.h"
#include "temporary_folder.h"

namespace trp {
namespace {

const std::vector<std::string> kBench = {"bench", "--data", TRP_SAMPLE_DIR, "--limit", "100",
                                         "-j",    "1,2",    "-r",           "2"};

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST_CASE("bench times all strategies and merges and finds the same weights") {
  const ProgramResult result =
      run_program(with(kBench, {"--strategy", "data,tensor,pipeline", "--merge",
                                "factored,ordered,arrival", "-b", "16,32", "--export-json", "-"}));
  REQUIRE(result.exit_code == 0);
  const auto document = nlohmann::json::parse(result.out);
  REQUIRE(document["results"].size() == 2 * (1 + 5 * 2));
  for (const auto& row : document["results"]) {
    CHECK(row["seconds"].size() == 2);
    CHECK(row["speedup"] > 0);
    if (row["plan"] != "data/arrival") CHECK(row["same_bits"] == true);
  }
}

TEST_CASE("bench writes its files after each round, and its table to standard output") {
  const TemporaryFolder folder;
  const std::string csv = (folder.path() / "bench.csv").string();
  const std::string markdown = (folder.path() / "bench.md").string();
  const ProgramResult result =
      run_program(with(kBench, {"--export-csv", csv, "--export-markdown", markdown, "-q"}));
  REQUIRE(result.exit_code == 0);
  CHECK(result.err.empty());
  CHECK(result.out.find("data/factored") != std::string::npos);
  std::ostringstream text;
  text << std::ifstream(csv).rdbuf();
  CHECK(text.str().starts_with("batch_size,plan,workers,"));
  CHECK(std::filesystem::file_size(markdown) > 0);
}

TEST_CASE("a speedup below the bound ends with 4 after the table") {
  const ProgramResult result = run_program(with(kBench, {"--min-speedup", "1000"}));
  CHECK(result.exit_code == 4);
  CHECK(result.out.find("sequential") != std::string::npos);
  CHECK(result.err.find("below --min-speedup 1000") != std::string::npos);
}

TEST_CASE("wrong usage of bench is refused before anything is read") {
  const auto error_of = [](const std::vector<std::string>& more) {
    const ProgramResult result = run_program(with({"bench", "--data", "/nowhere"}, more));
    CHECK(result.exit_code == 2);
    return result.err;
  };
  CHECK(error_of({"-j", "1,0"}).find("from 1 to 1024") != std::string::npos);
  CHECK(error_of({"-j", "2,2"}).find("each value once") != std::string::npos);
  CHECK(error_of({"-j", ""}).find("whole number") != std::string::npos);
  CHECK(error_of({"--strategy", "dta"}).find("sequential, data, tensor, pipeline") !=
        std::string::npos);
  CHECK(error_of({"--runs", "0"}).find("from 1") != std::string::npos);
  CHECK(error_of({"--export-csv", "-", "--export-json", "-"}).find("one format") !=
        std::string::npos);
  CHECK(error_of({"--early-stopping", "1"}).find("unknown option") != std::string::npos);
}

TEST_CASE("an export that cannot be written is refused before the first run") {
  const ProgramResult result = run_program(with(kBench, {"--export-csv", "/nowhere/bench.csv"}));
  CHECK(result.exit_code == 1);
  CHECK(result.out.empty());
}

/// Another program in the folder, which is a script.
std::string script(const TemporaryFolder& folder, const std::string& text) {
  const std::string path = (folder.path() / "program").string();
  std::ofstream(path) << "#!/bin/sh\n" << text << '\n';
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST_CASE("another build is raced with this one, and told of in JSON") {
  const ProgramResult result = run_program(
      with(kBench, {"--baseline", TRP_PROGRAM, "-b", "32", "--lr", "0.1", "--no-shuffle",
                    "--strategy", "data,pipeline", "--loaders", "1", "--export-json", "-"}));
  REQUIRE(result.exit_code == 0);
  const auto document = nlohmann::json::parse(result.out);
  REQUIRE(document["results"].size() == 5);
  for (const auto& row : document["results"]) {
    CHECK(row["seconds"].size() == 2);
    CHECK(row["baseline"]["name"] == TRP_PROGRAM);
    CHECK(row["baseline"]["origin"].get<std::string>().starts_with("0."));
    CHECK(row["baseline"]["seconds"].size() == 2);
    CHECK(row["baseline"]["weights"] == row["weights"]);
    CHECK(row["same_bits"] == true);
    CHECK(row["slowdown"] > 0);
    CHECK(row["slowdown_upper"].is_null());  // two rounds are too few
  }
  // The same weights as in this process, so all options have arrived.
  const ProgramResult inside =
      run_program(with(kBench, {"-b", "32", "--lr", "0.1", "--no-shuffle", "--export-json", "-"}));
  CHECK(nlohmann::json::parse(inside.out)["results"][0]["weights"] ==
        document["results"][0]["weights"]);
}

TEST_CASE("a build that is surely slower than allowed ends with 4, another one with 0") {
  const std::vector<std::string> few = {"-j", "1", "-r", "8"};
  const auto arguments = [&](const std::string& bound) {
    return with(with(kBench, few), {"--baseline", TRP_PROGRAM, "--max-slowdown", bound, "-q"});
  };
  const ProgramResult slow = run_program(arguments("0.01"));
  CHECK(slow.exit_code == 4);
  CHECK(slow.err.find("beyond --max-slowdown 0.01") != std::string::npos);
  CHECK(slow.out.find("times as long as") != std::string::npos);
  CHECK(run_program(arguments("100")).exit_code == 0);
}

TEST_CASE("an export is shown beside, and judged on the machine that it is of") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "before.json").string();
  const std::vector<std::string> few = with(kBench, {"-j", "1", "-r", "8"});
  REQUIRE(run_program(with(few, {"--export-json", file, "-q"})).exit_code == 0);
  const ProgramResult result =
      run_program(with(few, {"--beside", file, "--max-slowdown", "1e-6", "-q"}));
  const bool is_judged = result.out.find("no verdict on " + file) == std::string::npos;
  CHECK(result.exit_code == (is_judged ? 4 : 0));  // round trips may change in between
  CHECK(result.out.find(file + ": 20") != std::string::npos);
}

TEST_CASE("a baseline that does not train is told, with what it said") {
  const TemporaryFolder folder;
  const auto error_of = [](const std::string& program) {
    const ProgramResult result = run_program(with(kBench, {"--baseline", program, "-q"}));
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    return result.err;
  };
  CHECK(error_of("/nowhere/program").find("cannot be started: No such file") != std::string::npos);
  CHECK(error_of("/etc/passwd").find("cannot be started: Permission denied") != std::string::npos);
  const std::string error = error_of(script(folder, "echo last words >&2; exit 9"));
  CHECK(error.starts_with("last words\n"));
  CHECK(error.find("ended with exit code 9") != std::string::npos);
  const std::string no_training = "expected the JSON of a training on standard output";
  for (const char* text : {"true", "echo '{}'", "echo '[1]'", "echo text",
                           "echo '{\"summary\":{\"train_seconds\":\"soon\"}}'",
                           "echo '{\"start\":{\"build\":{\"version\":\"1\",\"commit\":\"\","
                           "\"compiler\":\"\"}},\"summary\":{\"train_seconds\":0,"
                           "\"samples_per_second\":1,\"weights\":\"\"}}'"})
    CHECK(error_of(script(folder, text)).find(no_training) != std::string::npos);
}

TEST_CASE("a baseline that trains other weights is told to be another arithmetic") {
  const TemporaryFolder folder;
  const std::string other = script(folder, "exec " TRP_PROGRAM " \"$@\" --seed 7");
  const ProgramResult result = run_program(with(kBench, {"--baseline", other}));
  CHECK(result.exit_code == 0);
  CHECK(result.out.find("OTHERS") != std::string::npos);
  CHECK(result.out.find("has trained other weights") != std::string::npos);
}

TEST_CASE("a signal ends a race of builds at once, whatever the baseline does") {
  const TemporaryFolder folder;
  const std::string started = (folder.path() / "started").string();
  const std::string stubborn =
      script(folder, "trap '' INT TERM; echo $$ >" + started + ".new; mv " + started + ".new " +
                         started + "; sleep 50");
  Program program(ProgramStart{with(kBench, {"--baseline", stubborn})});
  int id = 0;
  while (!(std::ifstream(started) >> id) && !program.has_ended()) usleep(1000);
  program.send(SIGINT);
  CHECK(program.wait().exit_code == 130);
  CHECK(kill(id, 0) != 0);
}

TEST_CASE("wrong usage of baselines is refused") {
  const auto error_of = [](const std::vector<std::string>& more) {
    const ProgramResult result = run_program(with({"bench", "--data", "/nowhere"}, more));
    CHECK(result.exit_code == 2);
    return result.err;
  };
  CHECK(error_of({"--max-slowdown", "1.1"}).find("expected --baseline or --beside") !=
        std::string::npos);
  CHECK(error_of({"--baseline", TRP_PROGRAM, "--images", "-"}).find("files of data") !=
        std::string::npos);
  CHECK(error_of({"--baseline", TRP_PROGRAM, "--max-slowdown", "-1"}).find("from 0") !=
        std::string::npos);
  CHECK(error_of({"--baseline", ""}).find("--baseline") != std::string::npos);
}

}  // namespace
}  // namespace trp
