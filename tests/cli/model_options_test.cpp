#include "catch.h"
#include "cli/options.h"
#include "data/check_contains.h"
#include "formats/idx_builder.h"
#include "trp/error.h"

namespace trp {
namespace {

template <class Options>
Options parse(std::vector<std::string> arguments) {
  return std::get<Options>(parse_command_line(std::move(arguments)));
}

TEST_CASE("eval: each option reaches its field") {
  const auto plain = parse<EvalCommandOptions>({"eval", "m"});
  CHECK(plain.model == "m");
  CHECK(plain.data.directory.empty());
  CHECK(!plain.workers);
  CHECK(!plain.min_accuracy);
  CHECK(plain.format == OutputFormat::kText);
  CHECK(plain.verbosity == Verbosity::kNormal);
  const auto full = parse<EvalCommandOptions>(
      {"eval", "-d", "dir", "m.npz", "--test-images", "i", "--test-labels", "-", "-j", "3", "-q",
       "--format", "json", "--color", "never", "--min-accuracy", "0.5"});
  CHECK(full.model == "m.npz");
  CHECK(full.data.directory == "dir");
  CHECK(full.data.test_images == "i");
  CHECK(full.data.test_labels == "-");
  CHECK(full.workers == 3);
  CHECK(full.verbosity == Verbosity::kQuiet);
  CHECK(full.format == OutputFormat::kJson);
  CHECK(full.color == ColorWhen::kNever);
  CHECK(full.min_accuracy == 0.5);
}

TEST_CASE("predict: each option reaches its field, and images come from standard input") {
  const auto plain = parse<PredictCommandOptions>({"predict", "m"});
  CHECK(plain.images == "-");
  CHECK(plain.style.top == 1);
  CHECK(!plain.style.probabilities);
  CHECK(!plain.style.json_lines);
  const auto full =
      parse<PredictCommandOptions>({"predict", "m", "--top", "3", "i", "--probabilities",
                                    "--format", "jsonl", "-b", "7", "--threads", "auto"});
  CHECK(full.model == "m");
  CHECK(full.images == "i");
  CHECK(full.batch_size == 7);
  CHECK(full.style.top == 3);
  CHECK(full.style.probabilities);
  CHECK(full.style.json_lines);
}

TEST_CASE("info and export: each option reaches its field") {
  const auto info = parse<InfoCommandOptions>({"info", "--show", "2", "f"});
  CHECK(info.file == "f");
  CHECK(info.show == 2);
  const auto exported = parse<ExportCommandOptions>({"export", "m", "f.npz"});
  CHECK(exported.model == "m");
  CHECK(exported.file == "f.npz");
}

TEST_CASE("the model of a training can be kept, as an option and in a configuration") {
  CHECK(parse<TrainCommandOptions>({"-o", "m.safetensors"}).save == "m.safetensors");
  CHECK(parse<TrainCommandOptions>({"--save", "m.npz"}).save == "m.npz");
  CHECK(parse<TrainCommandOptions>({}).save.empty());
  const auto text =
      std::get<TextCommand>(parse_command_line({"-o", "m.npz", "--print-config"})).text;
  CHECK_CONTAINS(text, "save = \"m.npz\"");
}

TEST_CASE("each command has its own help, with its own options") {
  for (const std::string command : {"eval", "predict", "info", "export", "lab"}) {
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{command, "--help"}, {command, "m", "-h"}}) {
      const auto help = std::get<TextCommand>(parse_command_line(arguments)).text;
      CHECK(help.starts_with("usage: tensor_relu_parallel " + command + " "));
      CHECK(help.find("--epochs") == std::string::npos);
      CHECK_CONTAINS(help, "Example");
    }
    CHECK(std::get<TextCommand>(parse_command_line({command, "--version"}))
              .text.starts_with("tensor_relu_parallel 0."));
  }
  CHECK_CONTAINS(std::get<TextCommand>(parse_command_line({"--help"})).text,
                 "bench|eval|predict|info|export|lab|selftest --help");
}

}  // namespace
}  // namespace trp
