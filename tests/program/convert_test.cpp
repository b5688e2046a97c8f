#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "catch.h"
#include "data/bad_sources.h"
#include "data/check_contains.h"
#include "program/run_program.h"

namespace trp {
namespace {

using namespace test;
namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

ProgramResult convert(const std::string& source, const std::string& folder,
                      const Arguments& options = {}) {
  Arguments arguments = {"convert", source, folder};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_program(arguments);
}

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

const std::set<std::string> kFour = {"train-images-idx2-ubyte", "train-labels-idx1-ubyte",
                                     "t10k-images-idx2-ubyte", "t10k-labels-idx1-ubyte"};

/// A table of two classes, which are the sides of a line.
std::string write_table(const TempFolder& folder) {
  std::string text = "side,a,b\n";
  for (int i = 0; i < 200; ++i)
    text += fmt::format("{},{},{}\n", i * 37 % 200 < 100 ? "left" : "right",
                        i * 37 % 200 < 100 ? -1.5 : 1.5, i % 7 * 0.1);
  return folder.write("t.csv", bytes_of(text));
}

}  // namespace

TEST_CASE("the program refuses every bad source with exit 1, and leaves no folder behind") {
  for (const BadSource& source : bad_sources()) {
    const TempFolder folder;
    for (const auto& [name, bytes] : source.files) folder.write("in/" + name, bytes);
    const std::string path = folder.path(source.source.empty() ? "in" : "in/" + source.source);
    const ProgramResult result = convert(path, folder.path("out"), source.options);
    CAPTURE(source.name, result.err);
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    for (const std::string& words : source.expected) {
      CAPTURE(words);
      const bool is_escaped = words.find('\\') != std::string::npos;
      CHECK((is_escaped || result.err.find(words) != std::string::npos));
    }
    CHECK(!fs::exists(folder.path("out")));
  }
}

TEST_CASE("a table of one's own is converted, trained on and predicted with its classes' names") {
  const TempFolder folder;
  const std::string table = write_table(folder), data = folder.path("data");
  const ProgramResult converted = convert(table, data, {"--test-share", "0.2"});
  CAPTURE(converted.err);
  REQUIRE(converted.exit_code == 0);
  CHECK(converted.out.empty());
  CHECK_CONTAINS(converted.err, "160 samples to train on, 40 to test");
  std::set<std::string> expected = kFour;
  expected.insert("class-names.txt");
  CHECK(names_in(data) == expected);
  const std::string model = folder.path("m.safetensors");
  CHECK(run_program({"-d", data, "-q", "-o", model, "--min-accuracy", "0.9"}).exit_code == 0);
  const ProgramResult scored = run_program({"eval", model, "-d", data});
  CHECK(scored.exit_code == 0);
  CHECK_CONTAINS(scored.out, "0 left");
  const ProgramResult predicted = run_program({"predict", model, data + "/t10k-images-idx2-ubyte"});
  const auto lines = lines_of(predicted.out);
  REQUIRE(lines.size() == 40);
  CHECK((lines[0] == "left" || lines[0] == "right"));
  const std::string names = folder.write("names", bytes_of("l\nr\n2\n3\n4\n5\n6\n7\n8\n9\n"));
  CHECK_CONTAINS(run_program({"eval", model, "-d", data, "--class-names", names}).out, "0 l ");
}

TEST_CASE("names beside the data that are more than a model's classes are refused") {
  const TempFolder folder;
  const std::string data = folder.path("data"), model = folder.path("m.npz");
  REQUIRE(convert(write_table(folder), data, {"--test-share", "0.2"}).exit_code == 0);
  CHECK(run_program({"-d", data, "-q", "-o", model, "--classes", "2", "--epochs", "1"}).exit_code ==
        0);
  folder.write("data/class-names.txt", bytes_of("a\nb\nc\n"));
  const ProgramResult result = run_program({"eval", model, "-d", data});
  CHECK(result.exit_code == 1);
  CHECK_CONTAINS(result.err, "class-names.txt: expected a line for each of 2 classes, found 3");
}

TEST_CASE(
    "no file that is there is replaced, but by --force, and none of another set is mixed in") {
  const TempFolder folder;
  const std::string table = write_table(folder), data = folder.make_folder("data");
  const Arguments share = {"--test-share", "0.2"}, force = {"--test-share", "0.2", "--force"};
  folder.write("data/t10k-labels-idx1-ubyte", idx_labels({1, 2, 3}));
  ProgramResult result = convert(table, data, share);
  CHECK(result.exit_code == 1);
  CHECK_CONTAINS(result.err, "t10k-labels-idx1-ubyte holds something else, which would be lost");
  CHECK(names_in(data) == std::set<std::string>{"t10k-labels-idx1-ubyte"});
  CHECK(convert(table, data, force).exit_code == 0);
  CHECK(names_in(data).size() == 5);
  folder.write("data/train-images-idx3-ubyte", idx_bytes({3, 2, 2}));
  result = convert(table, data, force);
  CHECK(result.exit_code == 1);
  CHECK_CONTAINS(result.err, "train-images-idx3-ubyte: is there already, of another data set");
  const std::string numbers = folder.write("n.csv", bytes_of("l,a\n0,5\n1,6\n"));
  fs::remove(folder.path("data/train-images-idx3-ubyte"));
  result = convert(numbers, data, {"--test-share", "0.5", "--force"});
  CHECK_CONTAINS(result.err, "class-names.txt: is there already");
}

TEST_CASE("a pipe is refused before anybody waits for it, and an option without effect is told") {
  const TempFolder folder;
  const auto result = convert(folder.make_fifo("fifo"), folder.path("out"));
  CHECK(result.exit_code == 1);
  CHECK_CONTAINS(result.err, "fifo: expected a file or a folder");
  CHECK_CONTAINS(
      convert(write_table(folder), folder.path("out"), {"--test-share", "0.2", "--resize", "2x2"})
          .err,
      "warning: --resize has no effect");
}

TEST_CASE("a source is never replaced by what is made of it") {
  const TempFolder folder;
  folder.write("in/train-images-idx3-ubyte", idx_bytes({2, 2, 2}));
  folder.write("in/train-labels-idx1-ubyte", idx_labels({0, 1}));
  const auto result =
      convert(folder.path("in"), folder.path("in"), {"--test-share", "0.5", "--force"});
  CHECK(result.exit_code == 2);
  CHECK_CONTAINS(result.err, "expected another file than that of SOURCE");
  CHECK(names_in(folder.path("in")).size() == 2);
}

}  // namespace trp
