#include "catch.h"
#include "cli/options.h"
#include "data/check_contains.h"
#include "trp/error.h"

namespace trp {
namespace {

LabCommandOptions parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "lab");
  return std::get<LabCommandOptions>(parse_command_line(std::move(arguments)));
}

std::string usage_error(std::vector<std::string> arguments) {
  try {
    parse(std::move(arguments));
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

using Names = std::vector<std::string>;

TEST_CASE("lab: each option reaches its field") {
  const auto plain = parse({});
  CHECK(plain.names.empty());
  CHECK(plain.data.directory.empty());
  CHECK(!plain.quick);
  CHECK(plain.seed == 1);
  CHECK(plain.format == OutputFormat::kText);
  const auto full = parse({"tiny", "--quick", "samples", "--format", "jsonl", "-d", "dir", "--seed",
                           "7", "--color", "never", "tiny"});
  CHECK(full.names == Names{"tiny", "samples"});
  CHECK(full.data.directory == "dir");
  CHECK(full.quick);
  CHECK(full.seed == 7);
  CHECK(full.format == OutputFormat::kJsonLines);
  CHECK(full.color == ColorWhen::kNever);
  CHECK(parse({"all"}).names == Names{"all"});
}

TEST_CASE("lab: an unknown experiment is told with the nearest name") {
  CHECK_CONTAINS(usage_error({"tiny", "ambdahl"}), "\"ambdahl\"; did you mean amdahl?");
  CHECK_CONTAINS(usage_error({"xyz"}), "lab without arguments lists them all");
  CHECK_CONTAINS(usage_error({"--format", "csv", "all"}), "one of text, jsonl");
}

}  // namespace
}  // namespace trp
