// The system fails the program at each of its calls in turn. The calls are made to fail by a
// library that is preloaded, failing_calls.cpp: the program itself knows nothing of it.
#include <errno.h>
#include <signal.h>

#include <set>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "catch.h"
#include "data/check_contains.h"
#include "program/small_training.h"

namespace trp {
namespace {

#ifndef TRP_FAILING_CALLS
TEST_CASE("calls of the system that fail") {
  WARN("skipped: a sanitizer has its own versions of the calls that are to fail");
}
#else

using Arguments = std::vector<std::string>;

/// A folder with a training that writes every kind of file, and what these files hold after a run
/// that nothing has failed.
class Files {
 public:
  Files() {
    const ProgramResult old = training.run(
        options({"--checkpoint", training.path("c"), "--save", training.path("m.npz")}));
    REQUIRE(old.exit_code == 0);
    for (const char* name : {"c", "m.npz"}) old_content_.emplace_back(name, training.content(name));
    const ProgramResult whole = run("none:1:1");
    REQUIRE(whole.exit_code == 0);
    weights_ = weights_in(whole.out);
    new_model_ = training.content("m.npz");
    REQUIRE(!has_old_model());
  }

  /// With the files as they were before, and another seed.
  ProgramResult run(const std::string& fault, const Arguments& more = {"--sequential"}) {
    for (const auto& [name, content] : old_content_) training.write(name, test::bytes_of(content));
    for (const char* name : {"c.previous", "t.json", "l", "fault"})
      std::filesystem::remove(training.path(name));
    return training.run(options({"--seed", "2", "--checkpoint", training.path("c"), "--save",
                                 training.path("m.npz"), "--trace", training.path("t.json"),
                                 "--log", training.path("l")},
                                more),
                        {"LD_PRELOAD=" TRP_FAILING_CALLS, "TRP_FAIL=" + fault,
                         "TRP_FAILED=" + training.path("fault")});
  }

  bool has_new_model() const { return training.content("m.npz") == new_model_; }
  bool has_old_model() const { return training.content("m.npz") == old_content_[1].second; }
  bool has_happened() const { return training.has("fault"); }
  const std::string& weights() const { return weights_; }

  /// Old or new, but whole, and nothing left beside them.
  void check_whole() const {
    CHECK(run_program({"info", training.path("m.npz")}).exit_code == 0);
    CHECK(run_program({"info", training.path("c")}).exit_code == 0);
    // An output that is not written yet is empty, and stays so without the memory to clean up.
    if (!training.content("t.json").empty())
      CHECK(nlohmann::json::accept(training.content("t.json")));
    CHECK_FALSE(training.has_temporary_file());
  }

  /// Without memory there may be none to clean up with; then the next run does.
  void clean_up() const {
    if (training.has_temporary_file())
      CHECK(training.run({"--save", training.path("m.npz")}).exit_code == 0);
  }

  SmallTraining training;

 private:
  static Arguments options(const Arguments& files, const Arguments& more = {}) {
    Arguments all = {"--epochs", "2"};
    all.insert(all.end(), files.begin(), files.end());
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::vector<std::pair<std::string, std::string> > old_content_;  // by name
  std::string weights_;
  std::string new_model_;
};

TEST_CASE("whichever write, flush or rename fails, files stay whole and the failure is told") {
  // Two checkpoints, a model and a trace are written, each flushed as the folder is after it, and
  // four lines to standard output and to the log.
  const std::vector<std::pair<std::string, int> > calls = {
      {"write", 13}, {"fsync", 8},     {"rename", 4}, {"link", 2},
      {"unlink", 2}, {"ftruncate", 1}, {"fchmod", 4}};
  // After the model's, the last of which is that of its folder.
  constexpr int kCallsForTrace = 2;
  Files files;
  for (const auto& [call, count] : calls)
    for (const int error : {ENOSPC, EIO}) {
      int number = 1;
      for (;; ++number) {
        const std::string fault = fmt::format("{}:{}:{}", call, number, error);
        CAPTURE(fault);
        const ProgramResult result = files.run(fault);
        CAPTURE(result.out, result.err);
        files.check_whole();
        // Without standard output training stops, and the model is what is trained by then.
        if (call != "write") CHECK((files.has_old_model() || files.has_new_model()));
        if (!files.has_happened()) {
          CHECK(result.exit_code == 0);
          CHECK(files.has_new_model());
          break;
        }
        // A checkpoint may be saved the next time, a file that cannot be linked is renamed, and
        // what standard error does not take is nothing.
        const bool is_overcome = result.exit_code == 0;
        if (is_overcome) CHECK(weights_in(result.out) == files.weights());
        if (!is_overcome) CHECK(result.exit_code == 1);
        const bool is_talk =
            call == "write" && result.err.find("will be replaced") == std::string::npos;
        const bool is_harmless = call == "link" || call == "unlink" || is_talk;
        if (!is_harmless || !is_overcome)
          CHECK_CONTAINS(result.err, error == ENOSPC ? "No space left" : "Input/output error");
        if (result.err.find("t.json: cannot be written: ") != std::string::npos &&
            result.out.find("summary") != std::string::npos)
          CHECK_FALSE(files.has_old_model());
        // Nothing gets the name of the file before it is flushed.
        const bool is_named = (call == "fsync" && number == count - kCallsForTrace) ||
                              (call == "fchmod" && number == 3);
        if (!is_named && result.err.find("m.npz: cannot be written") != std::string::npos)
          CHECK(files.has_old_model());
      }
      CHECK(number - 1 == count);
    }
}

TEST_CASE("calls that are interrupted or do half of their work are finished") {
  Files files;
  const std::string interrupted = std::to_string(EINTR);
  for (const auto& [call, how] :
       std::vector<std::pair<std::string, std::string> >{{"write", interrupted},
                                                         {"write", "short"},
                                                         {"fsync", interrupted},
                                                         {"read", interrupted},
                                                         {"open", interrupted}}) {
    int number = 1;
    for (;; ++number) {
      CAPTURE(call, number, how);
      const ProgramResult result = files.run(fmt::format("{}:{}:{}", call, number, how));
      CAPTURE(result.out, result.err);
      files.check_whole();
      CHECK(result.exit_code == 0);
      CHECK(weights_in(result.out) == files.weights());
      if (!files.has_happened()) break;
    }
    CHECK(number > 2);
  }
}

TEST_CASE("what close says is of no harm to files that are flushed") {
  Files files;
  int number = 1;
  for (;; ++number) {
    CAPTURE(number);
    const ProgramResult result = files.run(fmt::format("close:{}:{}", number, EIO));
    CAPTURE(result.out, result.err);
    files.check_whole();
    if (!files.has_happened()) break;
    // That of --log is told: nothing has flushed it.
    CHECK((result.exit_code == 0 ||
           result.err.find("l: cannot be written: Input/output error") != std::string::npos));
  }
  CHECK(number > 5);
}

TEST_CASE("exports of bench stay whole whichever write, flush or rename fails") {
  const SmallTraining training;
  for (const char* call : {"write", "fsync", "rename"}) {
    int number = 1;
    for (;; ++number) {
      CAPTURE(call, number);
      for (const char* name : {"e.csv", "e.md"}) training.write(name, test::bytes_of("old"));
      std::filesystem::remove(training.path("fault"));
      const ProgramResult result =
          run_program({.arguments = {"bench", "--data", training.path(""), "--hidden", "8",
                                     "--classes", "4", "-j", "1", "--warmup", "0", "--runs", "1",
                                     "--export-csv", training.path("e.csv"), "--export-markdown",
                                     training.path("e.md"), "-q", "--force"},
                       .environment = {"LD_PRELOAD=" TRP_FAILING_CALLS,
                                       fmt::format("TRP_FAIL={}:{}:{}", call, number, ENOSPC),
                                       "TRP_FAILED=" + training.path("fault")}});
      CAPTURE(result.out, result.err);
      const std::string csv = training.content("e.csv");
      CHECK((csv == "old" || (csv.starts_with("batch_size,") && csv.ends_with('\n'))));
      const std::string markdown = training.content("e.md");
      CHECK((markdown == "old" ||
             (markdown.find("| ") != std::string::npos && markdown.ends_with('\n'))));
      CHECK_FALSE(training.has_temporary_file());
      if (!training.has("fault")) {
        CHECK(result.exit_code == 0);
        break;
      }
      CHECK(result.exit_code == 1);
      CHECK_CONTAINS(result.err, "No space left");
    }
    CHECK(number > 2);
  }
}

TEST_CASE("threads that the system refuses are done without, with the same bits") {
  Files files;
  const std::vector<Arguments> ways = {{"--strategy", "data", "-j", "4"},
                                       {"--strategy", "tensor", "-j", "3", "--loaders", "2"},
                                       {"--strategy", "pipeline", "-j", "2"}};
  for (const Arguments& way : ways)
    for (const char* how : {"11", "11+"}) {  // EAGAIN
      int number = 1;
      for (;; ++number) {
        CAPTURE(way, number, how);
        const ProgramResult result =
            files.run(fmt::format("pthread_create:{}:{}", number, how), way);
        CAPTURE(result.out, result.err);
        CHECK(result.exit_code == 0);
        CHECK(weights_in(result.out) == files.weights());
        if (!files.has_happened()) break;
      }
      CHECK(number > 2);
    }
  CHECK_CONTAINS(files.run("pthread_create:5:11+", ways[0]).err,
                 "warning: the system allows only 1 of 4 workers; training goes on with them");
}

/// How far apart the allocations are of which one fails; 1: each.
int allocation_step() {
  const char* text = getenv("TRP_ALLOCATION_STEP");
  return text ? atoi(text) : 97;
}

TEST_CASE("memory that is refused ends the program with a message and leaves files whole") {
  Files files;
  std::set<std::string> messages;
  for (const char* how : {"12", "12+"}) {  // ENOMEM
    int number = 1;
    for (;; number += allocation_step()) {
      CAPTURE(number, how);
      const ProgramResult result = files.run(fmt::format("malloc:{}:{}", number, how), {"-j", "2"});
      CAPTURE(result.out, result.err);
      if (!files.has_happened()) break;
      files.clean_up();
      files.check_whole();
      if (result.exit_code == 0) {
        CHECK(weights_in(result.out) == files.weights());
        continue;
      }
      CHECK(result.exit_code == 1);
      CHECK_CONTAINS(result.err, "tensor_relu_parallel: ");
      messages.insert(result.err);
    }
    CHECK(number > 1000);
  }
  CHECK(messages.contains(
      "tensor_relu_parallel: out of memory; a smaller network, batch or data set needs less\n"));
}

#endif

}  // namespace
}  // namespace trp
