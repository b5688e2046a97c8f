#include <nlohmann/json.hpp>

#include "catch.h"
#include "program/run_program.h"

namespace trp {
namespace {

const std::vector<std::string> kNoData = {"TENSOR_RELU_DATA=/nowhere"};

TEST_CASE("the selftest needs no data and says of each check how it came out") {
  const ProgramResult result =
      run_program(ProgramStart{.arguments = {"selftest"}, .environment = kNoData});
  CHECK(result.exit_code == 0);
  CHECK(result.err.empty());
  const auto lines = lines_of(result.out);
  const std::vector<std::string> starts = {"denormals  ok ", "products   ok ", "gradients  ok ",
                                           "same bits  ok ", "golden     ok ", "learning   ok ",
                                           "files      ok "};
  REQUIRE(lines.size() == starts.size());
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i].starts_with(starts[i]));
}

TEST_CASE("the selftest is one JSON document when asked for") {
  const ProgramResult result = run_program(
      ProgramStart{.arguments = {"selftest", "--format", "json"}, .environment = kNoData});
  CHECK(result.exit_code == 0);
  const auto document = nlohmann::json::parse(result.out);
  CHECK(document["event"] == "selftest");
  CHECK(document["ok"] == true);
  REQUIRE(document["checks"].size() == 7);
  for (const auto& check : document["checks"]) {
    CHECK(check["ok"] == true);
    CHECK(check["seconds"].get<double>() >= 0);
  }
}

TEST_CASE("a machine that cannot keep files fails the selftest, which tells why") {
  const ProgramResult result =
      run_program(ProgramStart{.arguments = {"selftest"}, .environment = {"TMPDIR=/proc"}});
  CHECK(result.exit_code == 1);
  const auto lines = lines_of(result.out);
  REQUIRE(lines.size() == 7);
  CHECK(lines[5].starts_with("learning   ok "));
  CHECK(lines[6].starts_with("files      FAILED /proc/trp-"));
}

TEST_CASE("a selftest that nobody can read is no success") {
  const ProgramResult result =
      run_program(ProgramStart{.arguments = {"selftest"}, .output = "/dev/full"});
  CHECK(result.exit_code == 1);
  CHECK(result.err.find("standard output: cannot write") != std::string::npos);
}

}  // namespace
}  // namespace trp
