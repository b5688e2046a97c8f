#include "cli/model_options.h"

#include <array>

#include <fmt/format.h>

#include "cli/common_options.h"
#include "cli/option_makers.h"
#include "trp/dataset.h"
#include "trp/error.h"
#include "trp/model.h"

namespace trp {
namespace {

constexpr Index kMostPictures = 1'000'000;

/// Whether they are JSON lines.
constexpr std::array<Word<bool>, 2> kPredictFormatWords = {{{"text", false}, {"jsonl", true}}};

Positional file_argument(std::string name, std::string& target, bool required = true) {
  return {.name = std::move(name),
          .set = [&target](const std::string& value) { target = parse_text(value); },
          .required = required};
}

OptionGroup about_group() { return {"About", {help_option(), version_option()}}; }

OptionGroup test_data_group(DataOptions& data) {
  return {
      "Data",
      {text({.short_name = "-d",
             .name = "data",
             .value = "DIR",
             .help = "a folder with the test files of MNIST, plain or .gz\n"
                     "[env TENSOR_RELU_DATA; else ./data, data sets of the system, the sample]"},
            data.directory),
       text({.name = "test-images", .value = "FILE", .help = "test images; - is standard input"},
            data.test_images),
       text({.name = "test-labels", .value = "FILE", .help = "their labels"}, data.test_labels)}};
}

void check_standard_input(const std::string& model, const std::string& other,
                          std::string_view other_name) {
  if (model == "-" && other == "-") {
    throw UsageError(fmt::format("MODEL and {} are both -, but standard input can be only one file",
                                 other_name));
  }
}

}  // namespace

CommandSyntax eval_syntax(EvalCommandOptions& options) {
  return {
      .usage = {"eval MODEL [OPTIONS]"},
      .summary =
          "Scores a saved model on test data: loss, accuracy with its standard error, precision,\n"
          "recall and F1 of each class, and which classes are taken for which.\n",
      .positionals = {file_argument("MODEL", options.model)},
      .groups = {test_data_group(options.data),
                 {"Parallelism", {workers_option(options.workers)}},
                 {"Output",
                  {one_of({.name = "format", .value = "WORD", .help = "of standard output"},
                          options.format, kTextOrJson),
                   choice({.short_name = "-q", .name = "quiet", .help = "results only"},
                          options.verbosity, Verbosity::kQuiet, Verbosity::kNormal),
                   color_option(options.color), min_accuracy_option(options.min_accuracy)}},
                 about_group()},
      .closing =
          "\nExit codes: 0 done, 1 failed, 2 wrong usage, 4 bound not met\n"
          "Example\n"
          "  tensor_relu_parallel eval model.safetensors --data mnist\n",
      .check = [&options] {
        check_standard_input(options.model, options.data.test_images, "--test-images");
        check_standard_input(options.model, options.data.test_labels, "--test-labels");
      }};
}

CommandSyntax predict_syntax(PredictCommandOptions& options) {
  PredictionStyle& style = options.style;
  return {
      .usage = {"predict MODEL [IMAGES] [OPTIONS]"},
      .summary =
          "Writes the class of each image on a line. IMAGES is an IDX file, plain or gzip; - "
          "or nothing is\nstandard input.\n",
      .positionals = {file_argument("MODEL", options.model),
                      file_argument("IMAGES", options.images, false)},
      .groups = {{"Output",
                  {choice({.name = "probabilities", .help = "with the probability of each class"},
                          style.probabilities, true, false),
                   whole_number({.name = "top", .value = "K", .help = "the K likeliest classes"},
                                style.top, 1, kMaxClasses),
                   one_of({.name = "format", .value = "WORD", .help = "of standard output"},
                          style.json_lines, kPredictFormatWords)}},
                 {"Parallelism",
                  {workers_option(options.workers),
                   whole_number({.short_name = "-b",
                                 .name = "batch-size",
                                 .value = "N",
                                 .help = "images read, predicted and written at a time"},
                                options.batch_size, 1, kLargestBatch)}},
                 about_group()},
      .closing =
          "\nExamples\n"
          "  zcat images.gz | tensor_relu_parallel predict model.safetensors | sort | uniq "
          "-c\n"
          "  tensor_relu_parallel predict model.npz images.gz --top 3 --probabilities\n",
      .check = [&options] { check_standard_input(options.model, options.images, "IMAGES"); }};
}

CommandSyntax info_syntax(InfoCommandOptions& options) {
  return {
      .usage = {"info FILE [OPTIONS]"},
      .summary = "Says what a model, a checkpoint or an IDX file holds, and whether it is sound.\n",
      .positionals = {file_argument("FILE", options.file)},
      .groups = {{"Output",
                  {whole_number({.name = "show",
                                 .value = "N",
                                 .help = "draw the first N images of an IDX file"},
                                options.show, 0, kMostPictures)}},
                 about_group()},
      .closing =
          "\nExamples\n"
          "  tensor_relu_parallel info model.safetensors\n"
          "  tensor_relu_parallel info run.ckpt\n"
          "  tensor_relu_parallel info t10k-images-idx3-ubyte.gz --show 2\n"};
}

CommandSyntax export_syntax(ExportCommandOptions& options) {
  Positional file = file_argument("FILE", options.file);
  file.set = [set = file.set](const std::string& value) {
    check_model_name(value);
    set(value);
  };
  return {
      .usage = {"export MODEL|CHECKPOINT FILE"},
      .summary =
          "Writes a model, or the network of a checkpoint, in the format that the ending of FILE\n"
          "asks for: .safetensors, .npz or .onnx (which is not read again).\n",
      .positionals = {file_argument("MODEL", options.model), std::move(file)},
      .groups = {about_group()},
      .closing =
          "\nExample\n"
          "  tensor_relu_parallel export model.safetensors model.npz\n"};
}

}  // namespace trp
