#include <algorithm>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "program/run_program.h"

namespace trp {
namespace {

using Json = nlohmann::json;

void check_cell(const Json& cell) {
  if (cell.is_object()) {
    CHECK(cell["lower"] > 0);
    CHECK(cell["lower"] <= cell["median"]);
    CHECK(cell["median"] <= cell["upper"]);
  } else {
    CHECK((cell.is_string() || cell.is_number()));
  }
}

void check_experiment(const Json& experiment) {
  CAPTURE(experiment.dump());
  CHECK(experiment["event"] == "experiment");
  CHECK(experiment["correct"] == true);
  const Json& holds = experiment["holds"];
  CHECK((holds.is_boolean() || holds.is_null()));
  CHECK(experiment["lost_share"].is_number());
  const std::string verdict = experiment["verdict"];
  CHECK(verdict.starts_with(holds.is_null() ? "Withheld: "
                            : holds         ? "Holds here: "
                                            : "Not here: "));
  for (const char* field : {"name", "title", "claim", "takeaway"})
    CHECK(!experiment[field].get<std::string>().empty());
  CHECK(!experiment["columns"].empty());
  CHECK(experiment["rows"].size() >= 3);
  for (const Json& row : experiment["rows"]) {
    CHECK(row.size() == experiment["columns"].size());
    for (const Json& cell : row) check_cell(cell);
  }
}

std::vector<std::string> names_of_list() {
  const ProgramResult result = run_program({"lab"});
  CHECK(result.exit_code == 0);
  std::vector<std::string> names;
  for (const std::string& line : lines_of(result.out))
    if (!line.starts_with(' ')) names.push_back(line.substr(0, line.find(' ')));
  return names;
}

TEST_CASE("every experiment of the lab runs alone and its results are right") {
  const auto names = names_of_list();
  CHECK(names.size() == 20);
  for (const std::string& name : names) {
    const ProgramResult result = run_program({"lab", name, "--quick", "--format", "jsonl"});
    CAPTURE(name, result.err);
    CHECK(result.exit_code == 0);
    CHECK(result.err.empty());
    const auto lines = lines_of(result.out);
    REQUIRE(lines.size() == 2);
    const Json start = Json::parse(lines[0]);
    CHECK(start["event"] == "lab");
    CHECK(start["schema"] == 2);
    CHECK(start["cpus"] >= 1);
    CHECK(start["data"].get<std::string>().find(TRP_SAMPLE_DIR) != std::string::npos);
    const Json experiment = Json::parse(lines[1]);
    CHECK(experiment["name"] == name);
    check_experiment(experiment);
  }
}

TEST_CASE("experiments run in the order in which they are named, all in that of the list") {
  const auto names_of = [](const std::vector<std::string>& chosen) {
    std::vector<std::string> arguments = {"lab", "--quick", "--format", "jsonl"};
    arguments.insert(arguments.end(), chosen.begin(), chosen.end());
    std::vector<std::string> names;
    for (const std::string& line : lines_of(run_program(arguments).out)) {
      const Json json = Json::parse(line);
      if (json["event"] == "experiment") names.push_back(json["name"]);
    }
    return names;
  };
  CHECK(names_of({"tiny", "conv"}) == std::vector<std::string>{"tiny", "conv"});
  CHECK(names_of({"all"}) == names_of_list());
}

TEST_CASE("an unknown experiment is wrong usage, said before anything is measured") {
  const ProgramResult result = run_program({"lab", "tiny", "pipline"});
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  CHECK(result.err.find("did you mean pipeline?") != std::string::npos);
}

TEST_CASE("an unknown experiment is named without the argument's placeholder") {
  const ProgramResult result = run_program({"lab", "pipline"});
  CHECK(result.err.find("unknown experiment \"pipline\"") != std::string::npos);
  CHECK(result.err.find("EXPERIMENT") == std::string::npos);
}

TEST_CASE("lab -j chooses the numbers of workers, and one worker is always among them") {
  const ProgramResult result =
      run_program({"lab", "locking", "--quick", "-j", "3,2", "--format", "jsonl"});
  CHECK(result.exit_code == 0);
  std::vector<int> workers;
  const Json experiment = Json::parse(lines_of(result.out).at(1));
  for (const Json& row : experiment["rows"])
    if (row[0] == "mutex") workers.push_back(row[1]);
  CHECK(workers == std::vector<int>{1, 2, 3});

  const ProgramResult alone = run_program({"lab", "locking", "-j", "1"});
  CHECK(alone.exit_code == 2);
  CHECK(alone.err.find("--workers 1: expected a larger number as well") != std::string::npos);
}

TEST_CASE("lines of the lab fit into 80 columns") {
  std::string text = run_program({"lab"}).out;
  text += run_program({"lab", "vectorize", "imbalance", "amdahl", "pipeline", "--quick"}).out;
  for (const std::string& line : lines_of(text)) {
    CAPTURE(line);
    CHECK(std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }) <= 80);
  }
}

TEST_CASE("text of the lab has no escapes away from a terminal") {
  const ProgramResult result = run_program({"lab", "imbalance", "--quick"});
  CHECK(result.exit_code == 0);
  CHECK(result.out.find('\x1b') == std::string::npos);
  for (const char* part : {"\nclaim ", "\nverdict ", "\ntake away "})
    CHECK(result.out.find(part) != std::string::npos);
}

}  // namespace
}  // namespace trp
