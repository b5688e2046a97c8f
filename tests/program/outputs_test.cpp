// What the program writes never takes the place of what a user has, and two runs never share a
// file.
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <map>
#include <thread>

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
    REQUIRE(training
                .run({"--lr-schedule", "constant", "--epochs", "1", "--save", path("model.npz"),
                      "--checkpoint", path("c"), "--log", path("old.log"), "--trace",
                      path("old.json"), "--report", path("old.html")})
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
    {"train", "--save", ".npz", "model.npz"}, {"train", "--checkpoint", "", "c"},
    {"train", "--trace", "", "old.json"},     {"train", "--log", "", "old.log"},
    {"train", "--report", "", "old.html"},    {"bench", "--export-json", "", "bench.json"},
    {"bench", "--export-csv", "", "old.csv"}, {"bench", "--export-markdown", "", "old.md"},
    {"bench", "--report", "", "old.html"},    {"export", "", ".npz", "model.npz"}};

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

/// A training without end that saves whenever it can, whose output nobody waits for.
class EndlessRun {
 public:
  EndlessRun(const Folder& folder, const Arguments& options)
      : program_({.arguments = command(folder, options), .output = output_of(folder)}) {
    const auto has_begun = [&] {
      const std::string text = folder.training.content("links/endless");
      return text.find("\"epoch\":3") != std::string::npos;
    };
    while (!has_begun() && !program_.has_ended())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  void kill() {
    program_.send(SIGKILL);
    program_.wait();
  }

  ProgramResult stop() {
    program_.send(SIGTERM);
    return program_.wait();
  }

 private:
  static std::string output_of(const Folder& folder) {
    folder.training.write("links/endless", {});
    return folder.path("links/endless");
  }

  static Arguments command(const Folder& folder, const Arguments& options) {
    Arguments all = folder.training.command({"--epochs", "1000000"});
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }

  Program program_;
};

TEST_CASE("a second run with a file of the first is refused and names its process") {
  const Folder folder;
  for (const OutputOption& output : kOutputOptions) {
    if (output.command != "train") continue;
    CAPTURE(output.option);
    const std::string target = folder.path("links/target" + output.ending);
    const Arguments options = arguments_of(output, target);
    EndlessRun first(folder, options);
    const ProgramResult second = folder.run(output.command, options);
    CHECK(second.exit_code == 1);
    CHECK(second.out.empty());
    CHECK_CONTAINS(second.err, "another program is writing this file, process ");
    first.kill();
    CHECK(folder.run(output.command, options).exit_code == 0);
    fs::remove(target);
    fs::remove(target + ".previous");
  }
}

TEST_CASE("the checkpoint before another run's last one is not taken from under a run") {
  const Folder folder;
  const std::string previous = folder.path("links/c.previous");
  const Arguments options = {"--checkpoint", folder.path("links/c")};
  {
    EndlessRun first(folder, {"--checkpoint", previous});
    const ProgramResult second = folder.run("train", options);
    CHECK(second.exit_code == 1);
    CHECK_CONTAINS(second.err, "c.previous: another program is writing this file");
    first.kill();
  }
  fs::remove(previous);
  REQUIRE(mkfifo(previous.c_str(), 0600) == 0);
  const ProgramResult fifo = folder.run("train", options);
  CHECK(fifo.exit_code == 1);
  CHECK_CONTAINS(fifo.err, "c.previous: is no regular file");
  CHECK(fs::is_fifo(previous));
  CHECK_FALSE(fs::exists(folder.path("links/c")));
}

TEST_CASE("a file that has taken the name of an output meanwhile stays") {
  const Folder folder;
  const std::string target = folder.path("links/target.npz");
  // What it was, and where a link leads to that is turned round.
  for (const bool is_link : {false, true}) {
    CAPTURE(is_link);
    const std::string own = is_link ? folder.path("links/own.npz") : target;
    if (is_link) fs::create_symlink(own, target);
    EndlessRun run(folder, {"--save", target});
    fs::remove(target);
    folder.training.write("links/target.npz", test::bytes_of("a diary"));
    const ProgramResult result = run.stop();
    CHECK(folder.training.content("links/target.npz") == "a diary");
    if (is_link) CHECK(run_program({"info", own}).exit_code == 0);
    if (!is_link) CHECK_CONTAINS(result.err, "another file has taken its name meanwhile");
    fs::remove(target);
    fs::remove(own);
  }
}

TEST_CASE("files of other programs in the same formats are not taken for earlier outputs") {
  const Folder folder;
  std::string numpys = folder.training.content("model.npz");
  numpys[4] = 45;  // the version that NumPy writes
  folder.training.write("links/m.npz", test::bytes_of(numpys));
  folder.training.write("links/t.json", test::bytes_of(R"({"displayTimeUnit":"ms","traceEvents":[)"
                                                       R"({"ph":"M","name":"process_name"}]})"));
  for (const Arguments& options : {Arguments{"--save", folder.path("links/m.npz")},
                                   Arguments{"--trace", folder.path("links/t.json")}}) {
    const ProgramResult result = folder.run("train", options);
    CHECK(result.exit_code == 1);
    CHECK_CONTAINS(result.err, "holds something else, which would be lost");
  }
}

TEST_CASE("a damaged checkpoint never takes the place of the whole one that a run goes on from") {
  const Folder folder;
  folder.training.write("c", test::bytes_of(folder.training.content("c").substr(0, 500)));
  const std::string whole = folder.training.content("c.previous");
  const ProgramResult result = folder.run("train", {"--resume", folder.path("c.previous"),
                                                    "--checkpoint", folder.path("c"), "--force"});
  CAPTURE(result.err);
  CHECK(result.exit_code == 0);
  CHECK(run_program({"info", folder.path("c")}).exit_code == 0);
  CHECK(folder.training.content("c.previous") == whole);
}

TEST_CASE("a lost checkpoint whose predecessor is whole is resumed by that one's name") {
  const Folder folder;
  fs::remove(folder.path("c"));
  const ProgramResult result = folder.run("train", {"--checkpoint", folder.path("c")});
  CHECK(result.exit_code == 1);
  CHECK_CONTAINS(result.err, "c.previous, is whole");
  CHECK_FALSE(folder.training.has("c"));
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
