#include <array>
#include <cstring>

#include "catch.h"
#include "data/check_contains.h"
#include "program/small_training.h"

namespace trp {
namespace {

using Arguments = std::vector<std::string>;

/// What a training of the small data says that was not told to be quiet.
std::string talk_of(const SmallTraining& training, Arguments more, int exit_code = 0) {
  Arguments arguments = {"--data", training.path(""), "--hidden", "8", "--classes", "4"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProgramResult result = run_program(arguments);
  CAPTURE(result.err);
  CHECK(result.exit_code == exit_code);
  return result.err;
}

TEST_CASE("an option that has no effect with the others is told, and one that has is not") {
  const SmallTraining training;
  struct Useless {
    Arguments arguments;
    std::string option;
    Arguments remedy;
  };
  const std::string trace = training.path("trace");
  const std::vector<Useless> all = {
      {{"--merge", "ordered", "--strategy", "tensor"}, "--merge", {"--strategy", "data"}},
      {{"--micro-batches", "2"}, "--micro-batches", {"--strategy", "pipeline"}},
      {{"--pipeline-schedule", "gpipe"}, "--pipeline-schedule", {"--strategy", "pipeline"}},
      {{"--trace-steps", "9"}, "--trace-steps", {"--trace", trace}},
      {{"--queue", "2"}, "--queue", {"--loaders", "1"}},
      {{"--workers", "2", "--strategy", "sequential"}, "--workers", {"--strategy", "data"}},
      {{"--compare", "--sequential"}, "--compare", {}},
      {{"--compare", "--format", "csv"}, "--compare", {"--format", "text"}},
      {{"--time", "--format", "csv"}, "--time", {"--format", "json"}},
      {{"--log-interval", "2", "--format", "json"}, "--log-interval", {"--format", "jsonl"}},
  };
  for (Useless useless : all) {
    useless.arguments.insert(useless.arguments.end(), {"--epochs", "1"});
    CAPTURE(useless.arguments);
    const std::string warning = "warning: " + useless.option + " has no effect ";
    CHECK_CONTAINS(talk_of(training, useless.arguments), warning);
    useless.arguments.push_back("-q");
    CHECK(talk_of(training, useless.arguments).empty());
    if (useless.remedy.empty()) continue;
    useless.arguments.back() = "--no-progress";
    useless.arguments.insert(useless.arguments.end(), useless.remedy.begin(), useless.remedy.end());
    CHECK(talk_of(training, useless.arguments).find("has no effect") == std::string::npos);
  }
}

TEST_CASE("bench tells of options that have no effect as training does") {
  const SmallTraining training;
  const auto talk = [&training](const Arguments& more) {
    Arguments arguments = {
        "bench", "--data", training.path(""), "--classes", "4", "-j", "1", "-w", "0", "-r", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments).err;
  };
  CHECK_CONTAINS(talk({"--strategy", "tensor", "--merge", "ordered"}),
                 "warning: --merge has no effect without --strategy data");
  CHECK_CONTAINS(talk({"--queue", "2"}), "warning: --queue has no effect without --loaders");
  CHECK_CONTAINS(talk({"--micro-batches", "2"}), "--micro-batches has no effect without");
  const std::string fine = talk({"--merge", "ordered"});
  CHECK(fine.find("has no effect") == std::string::npos);
  CHECK_CONTAINS(fine, ": 2 cases, 1 round\n");
}

TEST_CASE("workers that have nothing to do are told, with the reason") {
  const SmallTraining training;
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "-j", "8", "-b", "4"}),
                 "4 of 8 workers have nothing to do: a batch has 4 samples");
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "-j", "8", "--strategy", "pipeline"}),
                 "6 of 8 workers have nothing to do: the network has 2 layers");
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "-j", "8", "--strategy", "tensor"}),
                 "7 of 8 workers have nothing to do: outputs are divided by 16, here into 1 part");
  for (const std::string strategy : {"data", "pipeline", "sequential"})
    CHECK(talk_of(training, {"--epochs", "1", "-j", "2", "--strategy", strategy})
              .find("nothing to do") == std::string::npos);
}

TEST_CASE("a checkpoint's recipe is taken as it is, and what is given besides must agree") {
  const SmallTraining training;
  const std::string c = training.path("c");
  const Arguments recipe = {"--epochs", "4",           "--lr", "0.1", "--seed",       "7",  "-b",
                            "16",       "--val-split", "0.25", "-q",  "--no-shuffle", "-j", "1"};
  Arguments arguments = {"--data", training.path(""), "--hidden", "5,6", "--classes", "4"};
  arguments.insert(arguments.end(), recipe.begin(), recipe.end());
  const ProgramResult whole = run_program(arguments);
  arguments.insert(arguments.end(), {"--checkpoint", c, "--save-every", "2"});
  REQUIRE(run_program(arguments).exit_code == 0);
  std::filesystem::rename(c + ".previous", c);

  const Arguments bare = {"--data", training.path(""), "--resume", c};
  const auto resumed = [&](const Arguments& more) {
    Arguments all = bare;
    all.insert(all.end(), more.begin(), more.end());
    return run_program(all);
  };
  const ProgramResult alone = resumed({"-j", "3", "--strategy", "tensor"});
  CHECK(alone.exit_code == 0);
  CHECK_CONTAINS(alone.err, ": 2 of 4 epochs and 0 steps of the next are done");
  CHECK(weights_in(alone.out) == weights_in(whole.out));
  CHECK(weights_in(resumed({"--lr", "0.1", "--no-shuffle"}).out) == weights_in(whole.out));

  const ProgramResult other = resumed({"--lr", "0.2"});
  CHECK(other.exit_code == 1);
  CHECK_CONTAINS(other.err,
                 "belongs to a different run: --lr is 0.2 here, 0.1 in the checkpoint; "
                 "hint: without these options the checkpoint's are taken");
  const ProgramResult other_data = run_program(Arguments{"--resume", c, "--data", TRP_SAMPLE_DIR});
  CHECK(other_data.exit_code == 1);
}

TEST_CASE("a training that has learned nothing says so, and one that has does not") {
  const auto talk = [](const std::string& rate) {
    return run_program(Arguments{"--lr", rate, "--epochs", "2"});
  };
  const ProgramResult nothing = talk("50"), something = talk("0.05");
  CHECK(nothing.exit_code == 0);
  CHECK_CONTAINS(nothing.err, "warning: the network has learned nothing: ");
  CHECK_CONTAINS(nothing.err, "try another --lr");
  CHECK(something.err.find("learned nothing") == std::string::npos);
}

test::Bytes floats(const std::vector<std::uint32_t>& shape, float step, float bound) {
  std::size_t count = 1;
  for (const std::uint32_t length : shape) count *= length;
  test::Bytes bytes = test::idx_header(0x0d, shape);
  for (std::size_t i = 0; i < count; ++i) {
    const float value = step * static_cast<float>(i % static_cast<std::size_t>(bound / step));
    std::array<std::uint8_t, 4> raw = {};
    std::memcpy(raw.data(), &value, raw.size());
    bytes.insert(bytes.end(), raw.rbegin(), raw.rend());
  }
  return bytes;
}

TEST_CASE("pixels that are no bytes are taken as they are, which is told") {
  const SmallTraining training;
  training.write("train-images-idx3-ubyte", floats({96, 4, 4}, 1, 256));
  training.write("t10k-images-idx3-ubyte", floats({16, 4, 4}, 1, 256));
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "--lr", "1e-6"}),
                 "have a deviation of 73.9; with --normalize standard they have one of 1");
  CHECK(talk_of(training, {"--epochs", "1", "--normalize", "standard"}).find("have a deviation") ==
        std::string::npos);
  training.write("train-images-idx3-ubyte", floats({96, 4, 4}, 0.125F, 1));
  training.write("t10k-images-idx3-ubyte", floats({16, 4, 4}, 0.125F, 1));
  CHECK(talk_of(training, {"--epochs", "1"}).find("deviation") == std::string::npos);
}

TEST_CASE("a mean of weights over more steps than there are is told") {
  const SmallTraining training;
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "--average-weights", "0.999"}),
                 "warning: the mean of the weights reaches back over some 1000 steps");
  CHECK(talk_of(training, {"--epochs", "20", "-b", "4", "--average-weights", "0.9"})
            .find("mean of the weights") == std::string::npos);
}

TEST_CASE("methods that change nothing are told") {
  const SmallTraining training;
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "--optimizer", "adamw"}),
                 "--optimizer has no effect beyond that of adam, without --weight-decay");
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "--hidden", "none", "--dropout", "0.5"}),
                 "--dropout has no effect without hidden layers");
  CHECK_CONTAINS(talk_of(training, {"--epochs", "1", "--beta1", "0.5"}),
                 "--beta1 has no effect without --optimizer adam or adamw");
}

TEST_CASE("what is saved is told") {
  const SmallTraining training;
  const std::string model = training.path("m.npz"), trace = training.path("trace");
  const std::string talk =
      talk_of(training, {"--epochs", "1", "-o", model, "--trace", trace, "--no-progress"});
  CHECK_CONTAINS(talk, "saved " + model);
  CHECK_CONTAINS(talk, "saved " + trace);
}

TEST_CASE("names from outside do not reach the terminal raw, in whatever message") {
  // A colour, a line feed, a carriage return, a tab, marks that turn the direction, and a CSI.
  const std::string evil =
      "a\x1b[31m\n\r\t\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8f\xc2\x9b"
      "b";
  const SmallTraining training;
  const TemporaryFolder folder;
  const std::string home = (folder.path() / evil).string();
  std::filesystem::create_directory(home);
  const auto is_clean = [](const std::string& text) {
    for (const char* bad : {"\x1b", "\r", "\t", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f",
                            "\xc2\x9b", "a\n", "\nb"})
      if (text.find(bad) != std::string::npos) return false;
    return true;
  };
  std::filesystem::copy(training.path(""), home, std::filesystem::copy_options::recursive);
  const std::string model = home + "/m.safetensors", checkpoint = home + "/c";
  const std::vector<Arguments> commands = {
      {"--data", home, "--classes", "4", "--epochs", "1", "-o", model, "--checkpoint", checkpoint},
      {"--data", home, "--classes", "4", "--epochs", "1", "--resume", checkpoint},
      {"--data", home, "--classes", "4", "--epochs", "1", "--checkpoint", checkpoint},
      {"--data", home + "/none"},
      {"--data", home, "--classes", "2"},
      {"--data", home, "--log", home},
      {"-c", home},
      {"-c", home + "/none"},
      {"-o", model + "/x.npz"},
      {"-o", home},
      {"info", model},
      {"info", checkpoint},
      {"info", home + "/train-images-idx3-ubyte"},
      {"info", home},
      {"info", home + "/none"},
      {"eval", model, "--data", home},
      {"eval", checkpoint},
      {"predict", model, home + "/t10k-labels-idx1-ubyte"},
      {"export", model, home + "/x.zip"},
      {evil},
      {"--" + evil},
      {"--epochs", evil},
      {"lab", evil},
      {"--strategy", evil},
  };
  for (const Arguments& arguments : commands) {
    CAPTURE(arguments);
    const ProgramResult result =
        run_program({.arguments = arguments, .environment = {"TENSOR_RELU_DATA=" + home}});
    CAPTURE(result.out, result.err);
    CHECK(is_clean(result.err));
    CHECK(is_clean(result.out));
  }
}

TEST_CASE("the help of every command has its exit codes, and help takes one command") {
  for (const std::string command :
       {"train", "eval", "predict", "bench", "lab", "export", "info", "selftest"}) {
    const ProgramResult help = run_program(Arguments{"help", command});
    CAPTURE(command);
    CHECK(help.exit_code == 0);
    CHECK_CONTAINS(help.out, "\nExit codes: 0 done, 1 failed, 2 wrong usage");
  }
  const ProgramResult two = run_program(Arguments{"help", "train", "eval"});
  CHECK(two.exit_code == 2);
  CHECK_CONTAINS(two.err, "expected nothing after help train, found \"eval\"");
}

TEST_CASE("other programs' names of options, and capital letters, are understood") {
  const std::vector<std::pair<Arguments, std::string>> all = {
      {{"--learning-rate", "1"}, "; did you mean --lr?"},
      {{"--batch", "1"}, "; did you mean --batch-size?"},
      {{"--EPOCHS", "1"}, "; did you mean --epochs?"},
      {{"--strategy", "DATA"}, "; did you mean data?"},
      {{"EVAL"}, "; did you mean eval?"},
      {{"--", "--epochs"}, "expected options only, found \"--\""},
  };
  for (const auto& [arguments, suggestion] : all) {
    CAPTURE(arguments);
    CHECK_CONTAINS(run_program(arguments).err, suggestion);
  }
}

}  // namespace
}  // namespace trp
