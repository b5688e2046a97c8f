#include <set>

#include <fmt/format.h>

#include "catch.h"
#include "program/run_program.h"

namespace trp {
namespace {

struct Misuse {
  std::vector<std::string> arguments;
  std::string named;  // must be in the message
};

const std::string kLong(5000, 'x');

// clang-format off
const std::vector<Misuse> kMisuses = {
    // Whole numbers: not numbers, out of range, not whole, with something around them.
    {{"--workers", "8x"}, "--workers: expected a whole number from 1 to 1024 or \"auto\", found \"8x\""},
    {{"--workers", "0"}, "--workers: expected a whole number from 1 to 1024"},
    {{"--workers", "-1"}, "--workers: expected a whole number from 1 to 1024"},
    {{"--workers", "1e9"}, "--workers: expected a whole number from 1 to 1024"},
    {{"--workers", "nan"}, "--workers: expected a whole number from 1 to 1024"},
    {{"--workers", ""}, "--workers: expected a whole number from 1 to 1024"},
    {{"--workers", "1025"}, "found \"1025\""},
    {{"--workers", "99999999999999999999"}, "--workers"},
    {{"--workers", " 4"}, "found \" 4\""},
    {{"--workers", "4 "}, "found \"4 \""},
    {{"--workers", "+4"}, "found \"+4\""},
    {{"--workers", "0x4"}, "--workers"},
    {{"--workers", "4.0"}, "--workers"},
    {{"--workers", "Auto"}, "--workers"},
    {{"--workers="}, "--workers"},
    {{"--workers=", "4"}, "--workers"},
    {{"--threads", "0"}, "--workers"},
    {{"-j", "zero"}, "--workers"},
    {{"-j0"}, "--workers"},
    {{"-j"}, "--workers: expected a value"},
    {{"--epochs"}, "--epochs: expected a value"},
    {{"--epochs", "0"}, "--epochs: expected a whole number from 1 to 1000000"},
    {{"--epochs", "-3"}, "--epochs"},
    {{"--epochs", "1000001"}, "--epochs"},
    {{"--epochs", "2147483648"}, "--epochs"},
    {{"--epochs", "1.5"}, "--epochs"},
    {{"--epochs", "ten"}, "--epochs"},
    {{"--epochs", "1,2"}, "--epochs"},
    {{"--epochs", "٣"}, "--epochs"},
    {{"--epochs", "--lr"}, "--epochs"},
    {{"--epochs", kLong}, "--epochs"},
    {{"--epochs", "3\x1b[31m"}, "\\x1b"},
    {{"-b", "0"}, "--batch-size: expected a whole number from 1 to 1000000"},
    {{"--batch-size", "1000001"}, "--batch-size"},
    {{"--batch-size", "64k"}, "--batch-size"},
    {{"--classes", "0"}, "--classes: expected a whole number from 1 to 256"},
    {{"--classes", "257"}, "--classes"},
    {{"--limit", "-1"}, "--limit"},
    {{"--limit", "4294967296"}, "--limit"},
    {{"--limit", "all"}, "--limit"},
    {{"--warmup-epochs", "-1"}, "--warmup-epochs"},
    {{"--warmup-epochs", "x"}, "--warmup-epochs"},
    {{"--early-stopping", "-1", "--val-split", "0.1"}, "--early-stopping"},
    {{"--seed", "-1"}, "--seed: expected a whole number from 0 to 18446744073709551615"},
    {{"--seed", "18446744073709551616"}, "--seed"},
    {{"--seed", "1.0"}, "--seed"},
    {{"--log-interval", "-5"}, "--log-interval"},
    {{"--log-interval", "often"}, "--log-interval"},
    {{"--loaders", "-1"}, "--loaders: expected a whole number from 0 to 256, found \"-1\""},
    {{"--loaders", "257"}, "--loaders"},
    {{"--loaders", "auto"}, "--loaders"},
    {{"--queue", "0"}, "--queue: expected a whole number from 1 to 4096, found \"0\""},
    {{"--queue", "4097"}, "--queue"},
    {{"--queue", "4k"}, "--queue"},
    // Numbers.
    {{"--lr", "0"}, "--lr: expected a number from 1e-38 to 1e+38"},
    {{"--lr", "-0.1"}, "--lr"},
    {{"--lr", "nan"}, "--lr"},
    {{"--lr", "inf"}, "--lr"},
    {{"--lr", "1e39"}, "--lr"},
    {{"--lr", "1e999"}, "--lr"},
    {{"--lr", "1e-999"}, "--lr"},
    {{"--lr", "0,1"}, "--lr"},
    {{"--lr", "0.1f"}, "--lr"},
    {{"--lr", "0x1p-3"}, "--lr"},
    {{"--lr", ""}, "--lr"},
    {{"--momentum", "1"}, "--momentum: expected a number from 0 to 0.999999"},
    {{"--momentum", "0.99999999999"}, "--momentum"},
    {{"--momentum", "-0.1"}, "--momentum"},
    {{"--weight-decay", "-1"}, "--weight-decay"},
    {{"--weight-decay", "much"}, "--weight-decay"},
    {{"--clip-norm", "-1"}, "--clip-norm"},
    {{"--clip-norm", "inf"}, "--clip-norm"},
    {{"--val-split", "1"}, "--val-split"},
    {{"--val-split", "10%"}, "--val-split"},
    {{"--val-split", "-0.5"}, "--val-split"},
    {{"--min-accuracy", "1.01"}, "--min-accuracy: expected a number from 0 to 1"},
    {{"--min-accuracy", "90"}, "--min-accuracy"},
    {{"--min-accuracy", "-0"  "1"}, "--min-accuracy"},
    // Lists and words.
    {{"--hidden", "0"}, "--hidden: expected up to 64 whole numbers from 1 to 65536"},
    {{"--hidden", "128,"}, "--hidden"},
    {{"--hidden", ",128"}, "--hidden"},
    {{"--hidden", "128,,64"}, "--hidden"},
    {{"--hidden", "128;64"}, "--hidden"},
    {{"--hidden", "65537"}, "--hidden"},
    {{"--hidden", "128 64"}, "--hidden"},
    {{"--hidden", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                  "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}, "--hidden"},
    {{"--augment", "rotate"}, "--augment: expected noise, shift, both with a comma between, or none, found \"rotate\""},
    {{"--augment", ""}, "--augment"},
    {{"--augment", "noise,"}, "--augment"},
    {{"--augment", ",noise"}, "--augment"},
    {{"--augment", "noise shift"}, "--augment"},
    {{"--augment", "none,noise"}, "--augment"},
    {{"--augment", "Noise"}, "--augment"},
    {{"--lr-schedule", "exponential"}, "--lr-schedule: expected one of constant, linear, cosine, step"},
    {{"--strategy", "tensors"}, "--strategy: expected one of sequential, data, tensor, pipeline, auto, found \"tensors\""},
    {{"--strategy", "DATA"}, "--strategy"},
    {{"--merge", "sum"}, "--merge: expected one of factored, ordered, arrival"},
    {{"--format", "xml"}, "--format: expected one of text, json, jsonl, csv"},
    {{"--color", "yes"}, "--color: expected one of auto, always, never"},
    {{"--no-shuffle=maybe"}, "--no-shuffle: expected true or false"},
    // Names.
    {{"--data", ""}, "--data"},
    {{"--data", "--epochs", "3"}, "--data"},
    {{"--log", ""}, "--log"},
    {{"--log", "-"}, "--log: expected a file (--format jsonl writes to standard output)"},
    {{"--config"}, "--config"},
    {{"--images", "a"}, "--labels"},
    {{"--images", "-", "--labels", "-", "--test-images", "a", "--test-labels", "b"}, "--labels"},
    // What does not go together.
    {{"--early-stopping", "3"}, "--early-stopping: expected --val-split above 0"},
    {{"--warmup-epochs", "11"}, "--warmup-epochs: expected at most the 10 of --epochs, found 11"},
    {{"--sequential", "--strategy", "data"}, "--sequential and --strategy data"},
    {{"-q", "-v"}, "--quiet and --verbose"},
    // Unknown options, commands and arguments, with what was probably meant.
    {{"--epoch", "3"}, "unknown option \"--epoch\"; did you mean --epochs?"},
    {{"--worker=8"}, "unknown option \"--worker\"; did you mean --workers?"},
    {{"--thraeds", "8"}, "did you mean --threads?"},
    {{"--batchsize", "3"}, "did you mean --batch-size?"},
    {{"--bogus"}, "unknown option \"--bogus\""},
    {{"-x"}, "unknown option \"-x\""},
    {{"-qx"}, "unknown option \"-x\""},
    {{"-epochs", "3"}, "unknown option"},
    {{"--EPOCHS", "3"}, "unknown option \"--EPOCHS\""},
    {{"trian"}, "unknown command \"trian\"; did you mean train?"},
    {{""}, "unknown command \"\""},
    {{"8"}, "unknown command \"8\""},
    {{"train", "train"}, "found \"train\""},
    {{"train", "now"}, "found \"now\""},
    {{"--epochs", "3", "train"}, "found \"train\""},
    {{"--epochs", "3", "4"}, "found \"4\""},
    {{"--", "train"}, "expected"},
    {{"-"}, "found \"-\""},
    {{kLong}, "unknown command"},
    // Saved models.
    {{"--save", "model"}, "--save: expected a file name that ends in .safetensors, .npz or .onnx, found \"model\""},
    {{"-o", "model.pt"}, "--save: expected a file name that ends in .safetensors, .npz or .onnx"},
    {{"-o", "-"}, "--save"},
    {{"-o", ""}, "--save"},
    {{"evaluate"}, "unknown command \"evaluate\""},
    {{"predcit", "m"}, "did you mean predict?"},
    {{"eval"}, "expected MODEL, found the end of the command line"},
    {{"eval", "-j", "2"}, "expected MODEL"},
    {{"eval", ""}, "MODEL: expected a name"},
    {{"eval", "m", "n"}, "expected nothing after MODEL, found \"n\""},
    {{"eval", "m", "--epochs", "3"}, "unknown option \"--epochs\""},
    {{"eval", "m", "--formt", "json"}, "did you mean --format?"},
    {{"eval", "m", "--format", "jsonl"},
     "--format: expected one of text, json, csv, found \"jsonl\""},
    {{"eval", "m", "-j", "0"}, "--workers: expected a whole number from 1 to 1024"},
    {{"eval", "m", "--min-accuracy", "2"}, "--min-accuracy"},
    {{"eval", "-", "--test-images", "-", "--test-labels", "l"}, "MODEL and --test-images are both -"},
    {{"eval", "-", "--test-images", "i", "--test-labels", "-"}, "MODEL and --test-labels are both -"},
    {{"predict"}, "expected MODEL"},
    {{"predict", "-"}, "MODEL and IMAGES are both -"},
    {{"predict", "m", "i", "j"}, "expected nothing after IMAGES, found \"j\""},
    {{"predict", "m", "--top", "0"}, "--top: expected a whole number from 1 to 256"},
    {{"predict", "m", "--top", "257"}, "--top"},
    {{"predict", "m", "-b", "0"}, "--batch-size"},
    {{"predict", "m", "--format", "xml"}, "--format: expected one of text, json"},
    {{"predict", "m", "--probabilities=often"}, "--probabilities: expected true or false"},
    {{"predict", "m", "--probabilites"}, "did you mean --probabilities?"},
    {{"info"}, "expected FILE"},
    {{"info", "a", "b"}, "expected nothing after FILE"},
    {{"info", "a", "--show", "-1"}, "--show"},
    {{"convert"}, "expected SOURCE"},
    {{"convert", "a"}, "expected DIR"},
    {{"convert", "-", "b"}, "SOURCE: expected a file, found \"-\""},
    {{"convert", "a", "-"}, "DIR: expected a folder, found \"-\""},
    {{"convert", "a", "b", "--resize", "28"}, "--resize: expected height x width, each from 1 to 4096"},
    {{"convert", "a", "b", "--resize", "0x28"}, "--resize: expected height x width"},
    {{"convert", "a", "b", "--resize", "28x28x1"}, "--resize: expected height x width"},
    {{"convert", "a", "b", "--background", "256"}, "--background: expected a whole number from 0 to 255"},
    {{"convert", "a", "b", "--test-share", "1"}, "--test-share: expected a number from 0 to less than 1"},
    {{"convert", "a", "b", "--label-offset", "x"}, "--label-offset: expected a whole number"},
    {{"convert", "a", "b", "c"}, "expected nothing after DIR"},
    {{"export", "m"}, "expected FILE"},
    {{"export", "m", "n"}, "FILE: expected a file name that ends in .safetensors, .npz or .onnx, found \"n\""},
    {{"export", "m", "m.pt"}, "FILE: expected a file name"},
    {{"export", "m", "a.npz", "b"}, "expected nothing after FILE"},
    {{"selftest", "all"}, "expected options only, found \"all\""},
    {{"selftest", "--format", "jsonl"}, "--format: expected one of text, json, found \"jsonl\""},
    {{"selftest", "--quick"}, "unknown option \"--quick\""},
    {{"selftets"}, "did you mean selftest?"},
    {{"--" + kLong}, "unknown option"},
};
// clang-format on

const std::set<std::string> kCommands = {"train ",  "bench ",   "eval ", "predict ", "info ",
                                         "export ", "convert ", "lab ",  "selftest "};

TEST_CASE("misuse of the command line is refused before any data are read") {
  REQUIRE(kMisuses.size() >= 100);
  for (const Misuse& misuse : kMisuses) {
    std::string line;
    for (const std::string& argument : misuse.arguments) line += " '" + argument + "'";
    INFO(line);
    // Looking at the data would be exit code 1.
    const ProgramResult result =
        run_program({.arguments = misuse.arguments, .environment = {"TENSOR_RELU_DATA=/nowhere"}});
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    const auto lines = lines_of(result.err);
    REQUIRE(lines.size() == 2);
    CAPTURE(lines[0], misuse.named);
    CHECK(lines[0].starts_with("tensor_relu_parallel: "));
    CHECK(lines[0].find(misuse.named) != std::string::npos);
    CHECK(lines[0].size() < 400);
    CHECK(lines[0].find('\x1b') == std::string::npos);
    const std::string command = misuse.arguments.empty() ? "" : misuse.arguments.front() + " ";
    const bool is_known = kCommands.contains(command);
    CHECK(lines[1] == fmt::format("Try: tensor_relu_parallel {}--help", is_known ? command : ""));
  }
}

}  // namespace
}  // namespace trp
