// Pages by --report, from outside. tests/program/report_browser.py looks at them in a browser.
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "catch.h"
#include "data/check_contains.h"
#include "program/small_training.h"

namespace trp {
namespace {

const std::string kStart = "<!DOCTYPE html>\n<!-- a report of tensor_relu_parallel -->\n";

bool is_whole_page(const std::string& text) {
  return text.starts_with(kStart) && text.ends_with("</html>\n");
}

TEST_CASE("a training that writes a page trains the same bits") {
  const SmallTraining training;
  const ProgramResult plain = training.run({"--epochs", "3", "--val-split", "0.2"});
  const ProgramResult told = training.run(
      {"--epochs", "3", "--val-split", "0.2", "--compare", "--report", training.path("r.html")});
  REQUIRE(told.exit_code == 0);
  const std::size_t digest = plain.out.find("xxh128:");
  REQUIRE(digest != std::string::npos);
  const std::string weights = plain.out.substr(digest, 39);
  CHECK_CONTAINS(told.out, weights);
  const std::string page = training.content("r.html");
  CHECK(is_whole_page(page));
  CHECK_CONTAINS(page, weights);
  for (const char* title :
       {"Confusion matrix", "Learning rate", "What each worker did in the steps",
        "times as fast as sequential", "id=\"units\""})
    CHECK_CONTAINS(page, title);
}

TEST_CASE("eval, bench and lab write pages, again over an earlier one, but over nothing else") {
  const SmallTraining training(16);
  const std::string model = training.path("m.npz"), page = training.path("r.html");
  REQUIRE(training.run({"--epochs", "1", "--save", model}).exit_code == 0);
  const std::vector<std::vector<std::string>> commands = {
      {"eval", model, "--data", training.path("")},
      {"bench", "--data", training.path(""), "--classes", "4", "-j", "1,2", "-r", "2", "-q"},
      {"lab", "tiny", "--quick", "--data", training.path("")}};
  for (std::vector<std::string> command : commands) {
    CAPTURE(command[0]);
    command.insert(command.end(), {"--report", page});
    CHECK(run_program(command).exit_code == 0);
    CHECK(is_whole_page(training.content("r.html")));
    training.write("r.html", test::Bytes{'m', 'i', 'n', 'e'});
    CHECK(run_program(command).exit_code == 1);
    CHECK(training.content("r.html") == "mine");
    command.emplace_back("--force");
    CHECK(run_program(command).exit_code == 0);
    CHECK(is_whole_page(training.content("r.html")));
  }
}

TEST_CASE("a training that diverged has a page that says so") {
  const SmallTraining training;
  const ProgramResult result = training.run({"--lr", "1e30", "--report", training.path("r.html")});
  CHECK(result.exit_code == 3);
  CHECK(is_whole_page(training.content("r.html")));
  CHECK_CONTAINS(training.content("r.html"), "<h1>diverged in epoch 1");
}

TEST_CASE("a search of which every trial diverged leaves no page, and an earlier one as it was") {
  const SmallTraining training;
  std::vector<std::string> command = {
      "tune", "--data",   training.path(""),      "--classes", "4", "--trials", "2", "--lr",
      "1e30", "--report", training.path("r.html")};
  CHECK(run_program(command).exit_code == 3);
  CHECK(!training.has("r.html"));
  REQUIRE(training.run({"--report", training.path("r.html")}).exit_code == 0);
  const std::string earlier = training.content("r.html");
  CHECK(run_program(command).exit_code == 3);
  CHECK(training.content("r.html") == earlier);
}

TEST_CASE("a training that was stopped has a page of what there is") {
  const SmallTraining training;
  Program program({.arguments = training.command(
                       {"--epochs", "1000000", "--report", training.path("r.html")})});
  REQUIRE(program.wait_for("\"epoch\":3,"));
  program.send(SIGINT);
  CHECK(program.wait().exit_code == 130);
  CHECK(is_whole_page(training.content("r.html")));
  CHECK_CONTAINS(training.content("r.html"), "interrupted after");
  CHECK(!training.has_temporary_file());
}

TEST_CASE("a command that is stopped before there is a result leaves no page") {
  const SmallTraining training(16);
  const std::string folder = training.path(""), model = training.path("m.npz"),
                    fifo = training.path("t10k-images-idx3-ubyte");
  REQUIRE(training.run({"--epochs", "1", "--save", model}).exit_code == 0);
  const std::string images = training.content("t10k-images-idx3-ubyte");
  REQUIRE(::remove(fifo.c_str()) == 0);
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::vector<std::vector<std::string>> commands = {
      {"eval", model, "--data", folder, "--predictions", training.path("p.csv")},
      {"bench", "--data", folder, "--classes", "4", "-j", "1,2"},
      {"tune", "--data", folder, "--classes", "4", "--trials", "2"},
      {"lab", "tiny", "--quick", "--data", folder}};
  for (const int signal : {SIGINT, SIGTERM})
    for (std::vector<std::string> command : commands) {
      CAPTURE(signal, command[0]);
      command.insert(command.end(), {"--report", training.path("r.html")});
      Program program({.arguments = command});
      std::ofstream data(fifo, std::ios::binary);  // opens when the program reads
      CHECK(training.has("r.html"));
      program.send(signal);
      data << images;
      data.close();
      CHECK(program.wait().exit_code == 128 + signal);
      CHECK(!training.has("r.html"));
      CHECK(!training.has("p.csv"));
      CHECK(!training.has_temporary_file());
    }
}

TEST_CASE("a lab that was stopped has a page of the experiments that there are") {
  const SmallTraining training(16);
  Program program({.arguments = {"lab", "all", "--quick", "--data", training.path(""), "--format",
                                 "jsonl", "--report", training.path("r.html")}});
  REQUIRE(program.wait_for("\"event\":\"experiment\""));
  program.send(SIGTERM);
  CHECK(program.wait().exit_code == 143);
  CHECK(is_whole_page(training.content("r.html")));
  CHECK_CONTAINS(training.content("r.html"), "<section>");
}

TEST_CASE("a bench that was stopped has a page of the rounds that there are, or none") {
  const SmallTraining training(16);
  Program program({.arguments = {"bench", "--data", training.path(""), "--classes", "4", "-j",
                                 "1,2", "-r", "1000", "--report", training.path("r.html")}});
  REQUIRE(program.wait_for("round 4 of"));
  program.send(SIGINT);
  CHECK(program.wait().exit_code == 130);
  CHECK(is_whole_page(training.content("r.html")));
}

TEST_CASE("without a report that can be written nothing is trained") {
  const SmallTraining training;
  CHECK(training.run({"--report", training.path("none/r.html")}).exit_code == 1);
  CHECK(training.run({"--report", training.path("r.html"), "--repeat", "2"}).exit_code == 2);
  CHECK(training.run({"--report", "-"}).exit_code == 2);
  CHECK(training.run({"--report", training.path("train-images-idx3-ubyte")}).exit_code == 2);
}

TEST_CASE("names from files are no markup in a page") {
  const SmallTraining training;
  const std::string model = training.path("m.npz");
  REQUIRE(training.run({"--epochs", "1", "--save", model}).exit_code == 0);
  const std::string names = "<script>alert(1)</script>\n\"><img src=x>\n&amp;\n'\n";
  training.write("names", test::Bytes(names.begin(), names.end()));
  REQUIRE(run_program({"eval", model, "--data", training.path(""), "--class-names",
                       training.path("names"), "--report", training.path("r.html")})
              .exit_code == 0);
  const std::string page = training.content("r.html");
  CHECK(page.find("<script>alert") == std::string::npos);
  CHECK(page.find("<img") == std::string::npos);
  CHECK_CONTAINS(page, "&#60;script&#62;alert(1)");
  CHECK_CONTAINS(page, "&#38;amp;");
}

}  // namespace
}  // namespace trp
