#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "data/check_contains.h"
#include "program/small_training.h"

namespace trp {
namespace {

using Arguments = std::vector<std::string>;

const Arguments kLong = {"--epochs", "1000000", "--format", "jsonl", "-q"};

TEST_CASE("SIGINT and SIGTERM finish the step and print the summary") {
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program({.arguments = kLong});
    REQUIRE(program.wait_for("\"epoch\":2"));
    program.send(signal);
    const ProgramResult result = program.wait();
    CHECK(result.exit_code == 128 + signal);
    CHECK(result.err.empty());
    const auto summary = nlohmann::json::parse(lines_of(result.out).back());
    CHECK(summary["status"] == "interrupted");
    CHECK(summary["epochs"].get<int>() >= 2);
    CHECK(summary["test_accuracy"].get<double>() > 0.5);
  }
}

TEST_CASE("signals at any time stop the program soon, with a summary or at once") {
  for (int i = 0; i < 40; ++i) {
    Program program({.arguments = kLong});
    usleep(static_cast<useconds_t>(i * 2500));
    program.send(i % 2 == 0 ? SIGINT : SIGTERM);
    const ProgramResult result = program.wait();
    CHECK(result.exit_code == 128 + (i % 2 == 0 ? SIGINT : SIGTERM));
    for (const std::string& line : lines_of(result.out)) {
      CHECK(nlohmann::json::parse(line).is_object());
    }
  }
}

TEST_CASE("a terminal that goes away, of which system and shell both tell, ends after a save") {
  const SmallTraining training;
  Program program({.arguments = training.command({"--epochs", "1000000", "--checkpoint",
                                                  training.path("c"), "--save-every", "1000000",
                                                  "--save", training.path("m.npz")})});
  REQUIRE(program.wait_for("\"epoch\":2"));
  program.send(SIGHUP);
  usleep(1000);  // or else they are one
  program.send(SIGHUP);
  CHECK(program.wait().exit_code == 128 + SIGHUP);
  CHECK(training.has("c"));
  CHECK(training.has("m.npz"));
}

TEST_CASE("a model is not replaced by one that has not been trained yet") {
  const SmallTraining training;
  REQUIRE(training.run({"--epochs", "1", "--save", training.path("m.npz")}).exit_code == 0);
  const std::string before = training.content("m.npz");
  Arguments loud = training.command(
      {"--hidden", "4000,4000", "--compare", "--seed", "2", "--save", training.path("m.npz")});
  std::erase(loud, "-q");
  Program program({.arguments = loud});
  // The network, which is made twice then, is large.
  REQUIRE(program.wait_for("training sequentially as well"));
  program.send(SIGINT);
  const ProgramResult result = program.wait();
  CHECK(result.exit_code == 128 + SIGINT);
  CHECK_CONTAINS(result.err, "m.npz was not written: nothing is trained yet");
  CHECK(training.content("m.npz") == before);
}

TEST_CASE("a second signal ends the program at once") {
#ifdef __SANITIZE_THREAD__
  WARN("skipped: ThreadSanitizer holds signals back until the next system call");
  return;
#endif
  // Steps this large take far longer than the signals need to arrive.
  Program program({.arguments = {"--hidden", "2048,2048", "-b", "5000", "--format", "jsonl", "-q",
                                 "--epochs", "1000"}});
  REQUIRE(program.wait_for("\"start\""));
  usleep(50'000);
  program.send(SIGINT);
  usleep(50'000);
  program.send(SIGTERM);
  const ProgramResult result = program.wait();
  CHECK(result.exit_code == 128 + SIGTERM);
  CHECK(result.out.find("summary") == std::string::npos);
}

}  // namespace
}  // namespace trp
