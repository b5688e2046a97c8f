#include <signal.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "data/check_contains.h"
#include "program/small_training.h"

namespace trp {
namespace {

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A training of six epochs of which three are done and are in the checkpoint "c".
Arguments stop_after_three(const SmallTraining& training, const Arguments& more = {}) {
  const Arguments options = Arguments{"--epochs", "6"} + more;
  // The file of the epoch before the last save but two is that of a run stopped there.
  const ProgramResult result =
      training.run(options + Arguments{"--checkpoint", training.path("c"), "--save-every", "3"});
  REQUIRE(result.exit_code == 0);
  std::filesystem::rename(training.path("c.previous"), training.path("c"));
  return options;
}

TEST_CASE("a run that goes on prints what a run that was never stopped prints, but for times") {
  const SmallTraining training;
  const Arguments options = stop_after_three(training);
  const auto without_times = [](const ProgramResult& result) {
    CHECK(result.exit_code == 0);
    std::vector<nlohmann::json> events;
    for (const std::string& line : lines_of(result.out)) {
      events.push_back(nlohmann::json::parse(line));
      for (const char* name : {"seconds", "samples_per_second", "train_seconds", "total_seconds",
                               "time", "plan", "plans"})
        events.back().erase(name);
    }
    return events;
  };
  const auto whole = without_times(training.run(options + Arguments{"-j", "1"}));
  const auto resumed =
      without_times(training.run(options + Arguments{"-j", "3", "--merge", "ordered", "--resume",
                                                     training.path("c"), "--loaders", "1"}));
  CHECK(whole.size() == 8);
  CHECK(resumed == whole);
}

TEST_CASE("resuming is refused for any other data, layers and options, and the difference named") {
  const SmallTraining training;
  const Arguments options =
      stop_after_three(training, {"--val-split", "0.25", "--early-stopping", "9"}) +
      Arguments{"--resume", training.path("c")};
  const std::string before = training.content("c");
  const auto refused = [&](const Arguments& more, const std::string& difference) {
    const ProgramResult result = training.run(options + more);
    CAPTURE(result.err, difference);
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    CHECK(result.err.find("c belongs to a different run: ") != std::string::npos);
    CHECK(result.err.find(difference) != std::string::npos);
  };
  REQUIRE(training.run(options).exit_code == 0);
  refused({"--hidden", "9"}, "--hidden is 9 here, 8 in the checkpoint");
  refused({"--hidden", "8,8"}, "--hidden is 8,8 here, 8 in the checkpoint");
  refused({"--epochs", "7"}, "--epochs is 7 here, 6 in the checkpoint");
  refused({"--lr", "0.1"}, "--lr is 0.1 here, 0.05 in the checkpoint");
  refused({"--lr-schedule", "cosine"}, "--lr-schedule is cosine here, linear in the checkpoint");
  refused({"-b", "16"}, "--batch-size is 16 here, 32 in the checkpoint");
  refused({"--seed", "2"}, "--seed is 2 here, 1 in the checkpoint");
  refused({"--momentum", "0"}, "--momentum is 0 here, 0.9 in the checkpoint");
  refused({"--weight-decay", "0.1"}, "--weight-decay is 0.1 here, 0 in the checkpoint");
  refused({"--clip-norm", "1"}, "--clip-norm is 1 here, 0 in the checkpoint");
  refused({"--warmup-epochs", "1"}, "--warmup-epochs is 1 here, 0 in the checkpoint");
  refused({"--val-split", "0.5"}, "--val-split is 0.5 here, 0.25 in the checkpoint");
  refused({"--early-stopping", "8"}, "--early-stopping is 8 here, 9 in the checkpoint");
  refused({"--augment", "noise"}, "--augment is noise here, none in the checkpoint");
  refused({"--limit", "90"}, "--limit is 90 here, 0 in the checkpoint");
  refused({"--no-shuffle"}, "--no-shuffle is given here, but not in the checkpoint");
  refused({"--dry-run"}, "--dry-run is given here, but not in the checkpoint");
  refused({"--classes", "5"}, "--classes is 5 here, 4 in the checkpoint");
  const SmallTraining larger(5);
  refused({"--data", larger.path("")}, "the training data are xxh128:");

  std::string labels = training.content("t10k-labels-idx1-ubyte");
  labels.back() = 0;
  training.write("t10k-labels-idx1-ubyte", test::bytes_of(labels));
  refused({}, "the test data are xxh128:");
  labels = training.content("train-labels-idx1-ubyte");
  labels.back() = 0;
  training.write("train-labels-idx1-ubyte", test::bytes_of(labels));
  refused({}, "the training data are xxh128:");
  CHECK(training.content("c") == before);
}

TEST_CASE("a checkpoint with more epochs than are wanted is refused") {
  const SmallTraining training;
  const Arguments options = stop_after_three(training, {"--lr-schedule", "constant"});
  const ProgramResult result =
      training.run(options + Arguments{"--epochs", "2", "--resume", training.path("c")});
  CHECK(result.exit_code == 2);
  CHECK_CONTAINS(result.err, "c has finished 3 epochs, expected at most the 2 of --epochs");
}

TEST_CASE("a checkpoint takes the place of nothing but a checkpoint, and never of itself") {
  const SmallTraining training;
  training.write("model", test::bytes_of("what is no checkpoint"));
  const ProgramResult other = training.run({"--checkpoint", training.path("model")});
  CHECK(other.exit_code == 1);
  CHECK_CONTAINS(other.err, "model holds something else, which would be lost");
  CHECK(training.content("model") == "what is no checkpoint");

  const Arguments options = {"--epochs", "2", "--checkpoint", training.path("c")};
  REQUIRE(training.run(options).exit_code == 0);
  const std::string previous = training.content("c.previous");
  CHECK(previous != training.content("c"));
  REQUIRE(training.run(options + Arguments{"--resume", training.path("c")}).exit_code == 0);
  CHECK(training.content("c.previous") == previous);
  const ProgramResult again = training.run(options);
  CHECK(again.exit_code == 0);
  CHECK_CONTAINS(again.err, "c will be replaced");

  // What is left of a damaged one makes way for the one before it.
  std::string damaged = training.content("c");
  damaged[0] = 0;
  training.write("c", test::bytes_of(damaged));
  const ProgramResult mended =
      training.run(options + Arguments{"--resume", training.path("c.previous")});
  CHECK(mended.exit_code == 0);
  CHECK(mended.err.empty());
  CHECK(run_program({"info", training.path("c")}).exit_code == 0);

  std::filesystem::remove(training.path("c.previous"));
  std::filesystem::create_directory(training.path("c.previous"));
  const ProgramResult blocked = training.run(options);
  CHECK(blocked.exit_code == 1);
  CHECK_CONTAINS(blocked.err, "c.previous: is a folder");
  CHECK(blocked.out.empty());
}

TEST_CASE("a resumed run saves only where --checkpoint says") {
  const SmallTraining training;
  const Arguments options = stop_after_three(training) + Arguments{"--resume", training.path("c")};
  const std::string before = training.content("c");
  CHECK(training.run(options).exit_code == 0);
  CHECK(training.content("c") == before);
  CHECK(training.run(options + Arguments{"--checkpoint", training.path("d")}).exit_code == 0);
  CHECK(training.content("c") == before);
  CHECK(training.has("d"));
  CHECK(training.run(options + Arguments{"--checkpoint", training.path("c")}).exit_code == 0);
  CHECK(training.content("c") != before);
  CHECK(training.has("c.previous"));
  CHECK_FALSE(training.has_temporary_file());
}

TEST_CASE("training that is finished is scored when it is resumed, and says so") {
  const SmallTraining training;
  const Arguments options = {"--epochs", "3"};
  const ProgramResult first = training.run(options + Arguments{"--checkpoint", training.path("c")});
  Arguments loud = training.command(options + Arguments{"--resume", training.path("c")});
  std::erase(loud, "-q");
  const ProgramResult again = run_program(loud);
  CHECK(again.exit_code == 0);
  CHECK_CONTAINS(again.err, "training is finished already, it is only scored");
  CHECK(weights_in(again.out) == weights_in(first.out));
  CHECK_CONTAINS(again.out, "\"status\":\"completed\",\"epochs\":3");
}

TEST_CASE("what --resume cannot read is refused, and the checkpoint before it is named") {
  const SmallTraining training;
  const Arguments options = stop_after_three(training) + Arguments{"--resume", training.path("c")};
  const auto refusal = [&] {
    const ProgramResult result = training.run(options);
    CHECK(result.exit_code == 1);
    CHECK(result.out.empty());
    return result.err;
  };
  std::filesystem::copy_file(training.path("c"), training.path("c.previous"));
  std::filesystem::resize_file(training.path("c"), 100);
  CHECK_CONTAINS(refusal(), "found a length of");
  CHECK_CONTAINS(refusal(), "the checkpoint before it, " + training.path("c.previous") +
                                ", is whole, with 3 epochs and 0 steps of the next");
  std::filesystem::remove(training.path("c.previous"));
  training.write("c", test::bytes_of("something else, and long enough to be a checkpoint"));
  CHECK_CONTAINS(refusal(), "c: expected a checkpoint, found another file");
  training.write("c", test::bytes_of(std::string("trp-ckpt\x01\0\0\0", 12)));
  CHECK_CONTAINS(refusal(),
                 "c: expected a checkpoint of this version; hint: this is a checkpoint of "
                 "an older version, whose format is no longer read: finish the run");
  CHECK_CONTAINS(run_program({"info", training.path("c")}).err, "of an older version");
  CHECK_CONTAINS(run_program({"eval", training.path("c")}).err, "of an older version");
  REQUIRE(training.run({"--epochs", "1", "--save", training.path("m.safetensors")}).exit_code == 0);
  std::filesystem::rename(training.path("m.safetensors"), training.path("c"));
  CHECK_CONTAINS(refusal(), "c: expected a checkpoint, found a model");
  std::filesystem::remove(training.path("c"));
  CHECK_CONTAINS(refusal(), "c: no such file");
}

TEST_CASE("a checkpoint that cannot be written is refused before training") {
  const SmallTraining training;
  const ProgramResult result = training.run({"--checkpoint", training.path("no/c")});
  CHECK(result.exit_code == 1);
  CHECK(result.out.empty());
  CHECK_CONTAINS(result.err, "no/c: cannot be written");
}

TEST_CASE("options about checkpoints that make no sense together are refused") {
  const SmallTraining training;
  const auto refused = [&](const Arguments& arguments, const std::string& message) {
    const ProgramResult result = training.run(arguments);
    CHECK(result.exit_code == 2);
    CHECK_CONTAINS(result.err, message);
  };
  refused({"--save-every", "2"}, "--save-every: expected --checkpoint as well");
  refused({"--checkpoint", "m.npz", "--save", "m.npz"},
          "expected another file than that of --save");
  refused({"--checkpoint", "./c", "--log", "c"},
          "--log: expected another file than that of --checkpoint");
  refused({"--checkpoint", "c", "--trace", "c.previous"},
          "--checkpoint: expected another file than that of --trace, found c.previous");
  refused({"--resume", "c", "--log", "./c"}, "--log: expected another file than that of --resume");
  refused({"--resume", "m.npz", "--save", "m.npz"},
          "--save: expected another file than that of --resume");
  std::filesystem::create_symlink(training.path("m.npz"), training.path("link"));
  refused({"--save", training.path("m.npz"), "--log", training.path("link")},
          "--log: expected another file than that of --save");
  refused({"--checkpoint", "-"}, "--checkpoint: expected a file, found \"-\"");
  refused({"--trace", "t", "--log", "t"}, "--log: expected another file than that of --trace");
  refused({"--resume", "c", "--compare"}, "--compare: expected no --resume");
  refused({"--checkpoint", "c", "--save-every", "0"}, "--save-every");
}

TEST_CASE("an epoch whose results nobody reads is in the checkpoint") {
  const SmallTraining training;
  const Arguments options = {"--epochs", "1000000", "--lr-schedule", "constant"};
  const auto epochs_saved = [&] {
    const std::string info = run_program({"info", training.path("c")}).out;
    const std::size_t place = info.find("epochs         ");
    return place == std::string::npos ? 0 : std::stoi(info.substr(place + 15));
  };
  // The first line that is lost is that of the start, the second one that of an epoch.
  const ProgramResult full = run_program(
      {.arguments = training.command(options + Arguments{"--checkpoint", training.path("c")}),
       .output = "/dev/full"});
  CHECK(full.exit_code == 1);
  CHECK_CONTAINS(full.err, "standard output: cannot write");
  CHECK_FALSE(training.has("c"));
  Program program(
      {.arguments = training.command(options + Arguments{"--checkpoint", training.path("c")})});
  REQUIRE(program.wait_for("\"epoch\":3"));
  program.close_output();
  const ProgramResult closed = program.wait();
  CHECK(closed.exit_code == 128 + SIGPIPE);
  CHECK(closed.err.empty());
  const int saved = epochs_saved();
  CHECK(saved >= 4);
  Program again(
      {.arguments = training.command(options + Arguments{"--checkpoint", training.path("c"),
                                                         "--resume", training.path("c")})});
  REQUIRE(again.wait_for(fmt::format("\"epoch\":{},", saved + 1)));
  again.send(SIGHUP);
  CHECK(again.wait().exit_code == 128 + SIGHUP);
  CHECK(epochs_saved() > saved);
}

TEST_CASE("training that diverges leaves the checkpoint as it was") {
  const SmallTraining training;
  REQUIRE(training.run({"--epochs", "1", "--checkpoint", training.path("c")}).exit_code == 0);
  const std::string good = training.content("c");
  const ProgramResult result =
      training.run({"--epochs", "9", "--lr", "1e30", "--checkpoint", training.path("c")});
  CHECK(result.exit_code == 3);
  CHECK_CONTAINS(result.err, "training diverged in epoch 1, batch 2");
  CHECK(training.content("c") == good);
  CHECK_FALSE(training.has_temporary_file());
}

TEST_CASE("a training that diverges late can be resumed from before") {
  const SmallTraining training;
  // Each step takes more than is there, so the weights grow until they are no numbers any more.
  const Arguments options = {"--epochs", "40", "--weight-decay", "1000"};
  const ProgramResult result =
      training.run(options + Arguments{"--checkpoint", training.path("c")});
  REQUIRE(result.exit_code == 3);
  REQUIRE(training.has("c"));
  CHECK_CONTAINS(result.err, "holds the state before training diverged");
  const ProgramResult again = training.run(options + Arguments{"--resume", training.path("c")});
  CHECK(again.exit_code == 3);
  CHECK_CONTAINS(result.err, lines_of(again.err).back());
}

TEST_CASE("a training that diverges with early stopping keeps the best network there was") {
  const SmallTraining training;
  const ProgramResult result =
      training.run({"--epochs", "40", "--weight-decay", "1000", "--val-split", "0.25",
                    "--early-stopping", "40", "--save", training.path("m.npz")});
  CHECK(result.exit_code == 3);
  CHECK(result.err.find("was not written") == std::string::npos);
  CHECK(run_program({"info", training.path("m.npz")}).exit_code == 0);
}

TEST_CASE("the network of a checkpoint can be exported") {
  const SmallTraining training;
  stop_after_three(training);
  const auto weights_of = [&](const char* name) {
    const ProgramResult info = run_program({"info", training.path(name)});
    CHECK(info.exit_code == 0);
    const std::size_t place = info.out.find("\nweights        xxh128:");
    return place == std::string::npos ? "" : info.out.substr(place + 16, 39);
  };
  REQUIRE(run_program({"export", training.path("c"), training.path("m.npz")}).exit_code == 0);
  CHECK(weights_of("m.npz").size() == 39);
  CHECK(weights_of("m.npz") == weights_of("c"));
  const ProgramResult eval =
      run_program({"eval", training.path("m.npz"), "--data", training.path("")});
  CHECK(eval.exit_code == 0);
  CHECK_CONTAINS(eval.out, weights_of("c"));

  // With early stopping, the best one.
  const ProgramResult best =
      training.run({"--epochs", "40", "--val-split", "0.25", "--early-stopping", "2", "--lr", "0.5",
                    "--checkpoint", training.path("b")});
  REQUIRE(best.exit_code == 0);
  CHECK_CONTAINS(best.out, "early_stopped");
  REQUIRE(run_program({"export", training.path("b"), training.path("b.npz")}).exit_code == 0);
  CHECK(weights_of("b.npz") == weights_in(best.out));
  CHECK(weights_of("b.npz") != weights_of("b"));
}

TEST_CASE("info describes a checkpoint, and names the one before a damaged one") {
  const SmallTraining training;
  stop_after_three(training, {"--val-split", "0.25", "--early-stopping", "9"});
  const ProgramResult info = run_program({"info", training.path("c")});
  CHECK(info.exit_code == 0);
  for (const char* part :
       {"kind           checkpoint, its digest agrees\n", "network        16 → 8 → 4,",
        "epochs         3 finished, then 0 steps\n", "best           epoch ",
        R"(recipe         {"hidden":[8],"classes":4,"limit":0,"val_split":0.25,)",
        "training data  xxh128:", "test data      xxh128:"})
    CHECK_CONTAINS(info.out, part);
  CHECK(run_program({"info", "--show", "1", training.path("c")}).exit_code == 2);
  CHECK_CONTAINS(run_program({"eval", training.path("c")}).err,
                 "export CHECKPOINT MODEL makes a model of it");
  std::filesystem::copy_file(training.path("c"), training.path("c.previous"));
  std::filesystem::resize_file(training.path("c"), 100);
  const ProgramResult damaged = run_program({"info", training.path("c")});
  CHECK(damaged.exit_code == 1);
  CHECK_CONTAINS(damaged.err, "c.previous, is whole, with 3 epochs and 0 steps");
}

}  // namespace
}  // namespace trp
