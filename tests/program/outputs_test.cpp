// What the program writes never takes the place of what a user has, and two runs never share a
// file.
#include <signal.h>

#include <functional>
#include <map>

#include <fmt/format.h>

#include "catch.h"
#include "data/check_contains.h"
#include "formats/array_builder.h"
#include "program/small_training.h"

namespace trp {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

/// A folder with every kind of file that a command reads, and one of each that it writes.
class Folder {
 public:
  Folder() {
    training.write("config", test::bytes_of("epochs = 1\n"));
    REQUIRE(
        training
            .run({"--lr-schedule", "constant", "--epochs", "1", "--save", path("model.npz"),
                  "--checkpoint", path("c"), "--log", path("old.log"), "--trace", path("old.json")})
            .exit_code == 0);
    REQUIRE(run("bench", {"--export-csv", path("old.csv"), "--export-markdown", path("old.md"),
                          "--export-json", path("bench.json")})
                .exit_code == 0);
    fs::copy_file(path("c"), path("c.previous"));
    training.write("notes.txt", test::bytes_of("what cannot be replaced"));
    fs::create_directory(path("links"));
  }

  std::string path(const std::string& name) const { return training.path(name); }

  ProgramResult run(const std::string& command, const Arguments& more) const {
    Arguments all;
    if (command == "train")
      all = training.command({"--lr-schedule", "constant", "--epochs", "2", "--resume", path("c"),
                              "--config", path("config")});
    if (command == "bench")
      all = {"bench", "--data", path(""),   "--hidden", "8",      "--classes", "4",
             "-j",    "1",      "--warmup", "0",        "--runs", "1",         "-q"};
    if (command == "export") all = {"export", path("model.npz")};
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all);
  }

  /// What each file holds, by its name.
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(path("")))
      if (entry.is_regular_file())
        all[entry.path().string()] =
            training.content(fs::relative(entry.path(), path("")).string());
    return all;
  }

  SmallTraining training;
};

struct OutputOption {
  std::string command;
  std::string option;  // empty: the argument itself
  std::string ending = "";
  std::string earlier = "";  // an earlier file of its kind
};

const std::vector<OutputOption> kOutputOptions = {
    {"train", "--save", ".npz", "model.npz"},     {"train", "--checkpoint", "", "c"},
    {"train", "--trace", "", "old.json"},         {"train", "--log", "", "old.log"},
    {"bench", "--export-json", "", "bench.json"}, {"bench", "--export-csv", "", "old.csv"},
    {"bench", "--export-markdown", "", "old.md"}, {"export", "", ".npz", "model.npz"}};

Arguments arguments_of(const OutputOption& output, const std::string& path) {
  return output.option.empty() ? Arguments{path} : Arguments{output.option, path};
}

TEST_CASE("no output takes the place of an input, by whatever name") {
  const Folder folder;
  const Arguments data = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                          "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
  const std::map<std::string, Arguments> inputs = {
      {"train", {data[0], data[1], data[2], data[3], "config", "c"}},
      {"bench", data},
      {"export", {"model.npz"}}};
  for (const OutputOption& output : kOutputOptions)
    for (const std::string& input : inputs.at(output.command)) {
      const bool goes_on = output.option == "--checkpoint" && input == "c";
      const std::string link = folder.path("links/link" + output.ending);
      const auto refused = [&](const std::string& path) {
        CAPTURE(output.command, output.option, path);
        const auto before = folder.contents();
        const ProgramResult result = folder.run(output.command, arguments_of(output, path));
        CHECK(result.exit_code == 2);
        CHECK(result.out.empty());
        if (input.ends_with(output.ending))
          CHECK_CONTAINS(result.err, "expected another file than that of");
        CHECK(folder.contents() == before);
      };
      if (goes_on) continue;
      refused(folder.path(input));
      refused(folder.path("links/../" + input));
      fs::create_symlink(folder.path(input), link);
      refused(link);
      fs::remove(link);
      fs::create_hard_link(folder.path(input), link);
      refused(link);
      fs::remove(link);
    }
}

TEST_CASE("no output takes the place of another one or of a redirected standard output") {
  const Folder folder;
  for (const OutputOption& first : kOutputOptions)
    for (const OutputOption& second : kOutputOptions) {
      if (first.command != second.command || &first >= &second) continue;
      CAPTURE(first.option, second.option);
      for (const bool is_there : {false, true}) {
        const std::string path = folder.path("links/new" + first.ending);
        fs::create_hard_link(folder.path(first.earlier), path);
        if (!is_there) fs::remove(path);
        const auto before = folder.contents();
        Arguments more = arguments_of(first, path);
        for (const std::string& argument : arguments_of(second, path)) more.push_back(argument);
        const ProgramResult result = folder.run(first.command, more);
        CHECK(result.exit_code == 2);
        CHECK(folder.contents() == before);
        fs::remove(path);
      }
    }
  folder.training.write("links/out", {});
  const ProgramResult redirected =
      run_program({.arguments = folder.training.command({"--log", folder.path("links/out")}),
                   .output = folder.path("links/out")});
  CHECK(redirected.exit_code == 2);
  CHECK_CONTAINS(redirected.err, "expected another file than that of standard output");
}

TEST_CASE("a file that holds something else is replaced only by --force") {
  const Folder folder;
  test::Bytes foreign = test::safetensors_file(test::small_header(), 32);
  folder.training.write("foreign", foreign);
  folder.training.write("foreign.zip", test::zip_file({{"data.npy", test::bytes_of("precious")}}));
  for (const OutputOption& output : kOutputOptions)
    for (const std::string name : {"notes.txt", "foreign", "foreign.zip", "old.log", "bench.json",
                                   "c", "model.npz", "config"}) {
      if (name == output.earlier) continue;
      CAPTURE(output.command, output.option, name);
      const std::string target = folder.path("links/target" + output.ending);
      fs::copy_file(folder.path(name), target);
      const auto before = folder.contents();
      const ProgramResult result = folder.run(output.command, arguments_of(output, target));
      CHECK(result.exit_code == 1);
      CHECK_CONTAINS(result.err, "holds something else, which would be lost");
      CHECK(folder.contents() == before);
      Arguments forced = arguments_of(output, target);
      forced.emplace_back("--force");
      CHECK(folder.run(output.command, forced).exit_code == 0);
      CHECK(folder.contents() != before);
      fs::remove(target);
      fs::remove(target + ".previous");
    }
  // What stands where the checkpoint before the last one will be obeys the same rule.
  folder.training.write("run.previous", test::bytes_of("a diary"));
  fs::copy_file(folder.path("c"), folder.path("run"));
  const ProgramResult diary = folder.run("train", {"--checkpoint", folder.path("run")});
  CHECK(diary.exit_code == 1);
  CHECK_CONTAINS(diary.err, "run.previous holds something else");
  CHECK(folder.training.content("run.previous") == "a diary");
}

TEST_CASE("empty files, earlier ones of the kind and devices are replaced without asking") {
  const Folder folder;
  for (const OutputOption& output : kOutputOptions) {
    CAPTURE(output.command, output.option);
    const std::string target = folder.path("links/target" + output.ending);
    for (const std::string& earlier : {std::string(), output.earlier}) {
      if (earlier.empty())
        folder.training.write("links/target" + output.ending, {});
      else
        fs::copy_file(folder.path(earlier), target, fs::copy_options::overwrite_existing);
      const ProgramResult result = folder.run(output.command, arguments_of(output, target));
      CHECK(result.exit_code == 0);
      CHECK(fs::file_size(target) > 0);
    }
    fs::remove(target);
    fs::create_symlink("/dev/null", target);
    const ProgramResult result = folder.run(output.command, arguments_of(output, target));
    CHECK(result.exit_code == 0);
    CHECK(fs::is_symlink(target));
    fs::remove(target);
    fs::remove(target + ".previous");
  }
}

TEST_CASE("a second run with a file of the first is refused and names its process") {
  const Folder folder;
  for (const OutputOption& output : kOutputOptions) {
    if (output.command != "train") continue;
    CAPTURE(output.option);
    const std::string target = folder.path("links/target" + output.ending);
    const Arguments options = arguments_of(output, target);
    Arguments endless = folder.training.command({"--epochs", "1000000"});
    endless.insert(endless.end(), options.begin(), options.end());
    Program first({.arguments = endless});
    REQUIRE(first.wait_for("\"epoch\":2"));
    const ProgramResult second = folder.run(output.command, options);
    CHECK(second.exit_code == 1);
    CHECK(second.out.empty());
    CHECK_CONTAINS(second.err, "another program is writing this file, process ");
    first.send(SIGKILL);
    first.wait();
    CHECK(folder.run(output.command, options).exit_code == 0);
    fs::remove(target);
    fs::remove(target + ".previous");
  }
}

TEST_CASE("of two runs that start at once with the same files neither harms the other") {
  const Folder folder;
  const Arguments options = {"--epochs",     "30",
                             "--save",       folder.path("links/m.npz"),
                             "--checkpoint", folder.path("links/c"),
                             "--log",        folder.path("links/l")};
  for (int pair = 0; pair < 10; ++pair) {
    Program one({.arguments = folder.training.command(options)});
    Program other({.arguments = folder.training.command(options)});
    const ProgramResult results[] = {one.wait(), other.wait()};
    for (const ProgramResult& result : results) {
      CAPTURE(result.err);
      CHECK((result.exit_code == 0 ||
             result.err.find("another program is writing this file") != std::string::npos));
    }
    CHECK((results[0].exit_code == 0 || results[1].exit_code == 0));
    CHECK(run_program({"info", folder.path("links/m.npz")}).exit_code == 0);
    CHECK(run_program({"info", folder.path("links/c")}).exit_code == 0);
    CHECK_CONTAINS(folder.training.content("links/l"), "\"event\":\"summary\"");
  }
}

TEST_CASE("a run that was killed before it saved anything starts from the beginning") {
  const SmallTraining training;
  training.write("c", {});
  const Arguments options = {"--epochs",        "1", "--resume", training.path("c"), "--checkpoint",
                             training.path("c")};
  CHECK(training.run(options).exit_code == 0);
  CHECK(run_program({"info", training.path("c")}).exit_code == 0);
  const ProgramResult missing =
      training.run({"--resume", training.path("no"), "--checkpoint", training.path("no")});
  CHECK(missing.exit_code == 1);
  CHECK_CONTAINS(missing.err, "no: no such file");
  CHECK_FALSE(training.has("no"));
}

TEST_CASE("a checkpoint that cannot be written is told once") {
  const SmallTraining training;
  std::string command = fmt::format("ulimit -f 1; exec {}", TRP_PROGRAM);
  for (const std::string& argument :
       training.command({"--hidden", "64", "--epochs", "5", "--checkpoint", training.path("c")}))
    command += " '" + argument + "'";
  FILE* pipe = popen((command + " 2>&1 >/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text(65'536, 0);
  text.resize(fread(text.data(), 1, text.size(), pipe));
  CHECK(WEXITSTATUS(pclose(pipe)) == 1);
  const std::size_t told = text.find("c: cannot be written: File too large");
  REQUIRE(told != std::string::npos);
  CHECK(text.find("cannot be written", told + 10) == std::string::npos);
  CHECK_FALSE(training.has("c"));
}

}  // namespace
}  // namespace trp
