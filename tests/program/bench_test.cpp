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

}  // namespace
}  // namespace trp
