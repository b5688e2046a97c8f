#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/recipe_options.h"
#include "cli/values.h"
#include "core/fail.h"
#include "formats/array_file.h"
#include "formats/idx.h"
#include "formats/strict_json.h"
#include "report/environment.h"
#include "report/json.h"
#include "report/numbers.h"
#include "report/picture.h"
#include "system/input_file.h"
#include "train/checkpoint.h"
#include "train/model_arrays.h"
#include "train/recipe_json.h"
#include "trp/model.h"

namespace trp {
namespace {

constexpr Index kReadSamples = 256;  // at a time
constexpr float kMaxByte = 255;
constexpr Index kMaxPictures = 1'000'000;

/// Writes lines of a label and a text as they come; or, in other formats, one document in the end,
/// whose fields are null unless they are set.
class InfoWriter {
 public:
  explicit InfoWriter(OutputFormat format) : format_(format) {
    for (const char* field :
         {"file",         "kind",          "format", "verified",   "layers",         "parameters",
          "weights",      "epochs",        "steps",  "train_loss", "train_accuracy", "best_epoch",
          "best_weights", "train_seconds", "recipe", "train_data", "test_data",      "metadata",
          "shape",        "elements",      "least",  "most",       "mean",           "labels"})
      document_[field] = nullptr;
  }

  void write(std::string_view label, std::string_view text) {
    if (format_ == OutputFormat::kText)
      out_.write_line(fmt::format("{:<13}  {}", printable(label), printable(text)));
  }
  void write_lines(std::string text) {
    text.pop_back();
    if (format_ == OutputFormat::kText) out_.write_line(text);
  }
  void set(const Json& fields) { document_.update(fields); }

  void finish() {
    if (format_ == OutputFormat::kJson) out_.write_line(to_text(document_));
    if (format_ == OutputFormat::kCsv) out_.write_line(csv_table(document_));
  }

 private:
  const OutputFormat format_;
  LineWriter out_ = standard_output();
  Json document_ = document_of("info", this_environment());
};

Json checkpoint_fields(const Checkpoint& checkpoint, const std::string& weights) {
  const TrainState& state = checkpoint.state;
  const bool has_epochs = !state.epochs.empty(), has_best = state.best_epoch > 0;
  return {{"layers", layer_sizes(state.mlp)},
          {"parameters", parameter_count(state.mlp)},
          {"weights", weights},
          {"epochs", state.epochs.size()},
          {"steps", state.progress.batch},
          {"train_loss", has_epochs ? Json(state.epochs.back().train_loss) : Json()},
          {"train_accuracy", has_epochs ? Json(state.epochs.back().train_accuracy) : Json()},
          {"best_epoch", has_best ? Json(state.best_epoch) : Json()},
          {"best_weights", has_best ? Json(weights_digest(state.best)) : Json()},
          {"train_seconds", train_seconds(state)},
          {"recipe", to_json(checkpoint.identity.recipe)},
          {"train_data", checkpoint.identity.train_data},
          {"test_data", checkpoint.identity.test_data},
          {"metadata", {{"version", checkpoint.version}, {"simd", checkpoint.simd}}}};
}

void write_checkpoint_info(const std::string& path, InfoWriter& out) {
  const Checkpoint checkpoint = load_checkpoint(path);
  const TrainState& state = checkpoint.state;
  out.write("file", path);
  out.write("kind", "checkpoint, its digest agrees");
  out.write("network", network_text(layer_sizes(state.mlp), parameter_count(state.mlp)));
  TrainState at_end = state;
  at_end.best_epoch = 0;
  const std::string weights = weights_digest(network_to_keep(std::move(at_end)));
  out.write("weights", weights);
  out.write("epochs",
            fmt::format("{} finished, then {} steps", state.epochs.size(), state.progress.batch));
  if (!state.epochs.empty()) {
    const EpochResult& last = state.epochs.back();
    out.write("last epoch", fmt::format("loss {}, accuracy {}", loss_text(last.train_loss),
                                        percent(last.train_accuracy)));
  }
  if (state.best_epoch > 0) {
    out.write("best",
              fmt::format("epoch {}, weights {}", state.best_epoch, weights_digest(state.best)));
  }
  out.write("time", fmt::format("{:.2f} s training", train_seconds(state)));
  out.write("recipe", json_text(to_json(checkpoint.identity.recipe)));
  out.write("training data", checkpoint.identity.train_data);
  out.write("test data", checkpoint.identity.test_data);
  out.write("version", checkpoint.version);
  out.write("instructions", checkpoint.simd);
  out.set(checkpoint_fields(checkpoint, weights));
}

void write_model_info(const std::string& path, InfoWriter& out) {
  const Model model = load_model(path);
  out.write("file", path);
  out.write("kind", fmt::format("model, {}, {}", model.format,
                                model.verified ? "its digest agrees" : "without a digest"));
  out.write("network", network_text(layer_sizes(model.mlp), parameter_count(model.mlp)));
  const std::string weights = weights_digest(model.mlp);
  out.write("weights", weights);
  for (const NamedArray& array : to_arrays(model.mlp)) {
    out.write(array.name, fmt::format("{}", fmt::join(array.shape, " x ")));
  }
  for (const auto& [name, text] : model.metadata) {
    if (text != weights) out.write(name, text);
  }
  out.set({{"format", model.format},
           {"verified", model.verified},
           {"layers", layer_sizes(model.mlp)},
           {"parameters", parameter_count(model.mlp)},
           {"weights", weights},
           {"metadata", to_json(model.metadata)}});
}

/// Of all elements of a file.
struct ElementStatistics {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  double sum = 0;
  Index count = 0;
  std::vector<Index> label_counts;  // of small whole numbers in a file of rank 1

  template <class Element>
  void add(const std::vector<Element>& elements, bool labels) {
    for (const Element element : elements) {
      const auto value = static_cast<double>(element);
      low = std::min(low, value);
      high = std::max(high, value);
      sum += value;
      ++count;
      if (!labels || value < 0 || value > kMaxByte) continue;
      const auto label = static_cast<std::size_t>(value);
      if (label >= label_counts.size()) label_counts.resize(label + 1);
      ++label_counts[label];
    }
  }
};

void draw(const IdxArray& samples, Index sample, Index number, InfoWriter& out) {
  const std::span<const Index> shape = std::span(samples.shape).subspan(1);
  std::size_t size = 1;
  for (const Index length : shape) size *= static_cast<std::size_t>(length);
  const std::size_t first = static_cast<std::size_t>(sample) * size;
  std::vector<float> values;
  float low = 0, high = kMaxByte;
  if (samples.type == IdxType::kUnsignedByte) {
    values.assign(&samples.bytes[first], &samples.bytes[first] + size);
  } else {
    values.assign(&samples.values[first], &samples.values[first] + size);
    low = *std::ranges::min_element(values);
    high = *std::ranges::max_element(values);
  }
  out.write("image", fmt::format("{}", number));
  out.write_lines(picture_text(values, shape, low, high));
}

void write_statistics(const ElementStatistics& statistics, InfoWriter& out) {
  out.write("values", fmt::format("{} to {}, mean {:.4g}", statistics.low, statistics.high,
                                  statistics.sum / static_cast<double>(statistics.count)));
  for (std::size_t label = 0; label < statistics.label_counts.size(); ++label) {
    if (statistics.label_counts[label] == 0) continue;
    out.write(fmt::format("label {}", label), grouped(statistics.label_counts[label]));
  }
  const bool has_labels = !statistics.label_counts.empty();
  out.set({{"least", statistics.low},
           {"most", statistics.high},
           {"mean", statistics.sum / static_cast<double>(statistics.count)},
           {"labels", has_labels ? Json(statistics.label_counts) : Json()}});
}

void write_idx_info(const InfoOptions& options, InfoWriter& out) {
  IdxReader reader(options.file);
  const bool labels = reader.shape().size() == 1;
  if (labels && options.show > 0) {
    fail_usage("--show: expected a file of images, {} has rank 1, as labels", options.file);
  }
  out.write("file", input_name(options.file));
  out.write("kind",
            fmt::format("IDX{}{}", labels ? ", labels" : "", reader.is_gzip() ? ", gzip" : ""));
  out.write("shape", fmt::format("{}", fmt::join(reader.shape(), " x ")));
  out.write("elements", idx_type_name(reader.type()));
  out.set({{"format", reader.is_gzip() ? "gzip" : "plain"},
           {"shape", reader.shape()},
           {"elements", idx_type_name(reader.type())}});
  ElementStatistics statistics;
  IdxArray samples;
  for (Index done = 0; reader.read(kReadSamples, samples); done += samples.shape[0]) {
    for (Index i = 0; i < samples.shape[0] && done + i < options.show; ++i) {
      draw(samples, i, done + i, out);
    }
    statistics.add(samples.bytes, labels);
    statistics.add(samples.values, labels);
  }
  write_statistics(statistics, out);
}

}  // namespace

CLI::App& add_info(CLI::App& app, InfoOptions& options) {
  CLI::App& command = *app.add_subcommand("info",
                                          "Says what a model, a checkpoint or an IDX file holds.\n"
                                          "Checks on the way that it is sound.");
  command.add_option("FILE", options.file)->required()->transform(any_path());
  command.option_defaults()->group(kOutputGroup);
  command.add_option("--show", options.show, "draw the first N images of an IDX file")
      ->transform(whole_number<Index>(0, kMaxPictures));
  add_format(command, options.format,
             {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kCsv});
  command.footer(
      "\nExamples\n"
      "  tensor_relu_parallel info model.safetensors\n"
      "  tensor_relu_parallel info run.ckpt\n"
      "  tensor_relu_parallel info t10k-images-idx3-ubyte.gz --show 2\n");
  command.parse_complete_callback([&command, &options] {
    say_without_effect(
        command, {{"--show", options.format == OutputFormat::kText, "without --format text"}});
  });
  return command;
}

int run_info(const InfoOptions& options) {
  InfoWriter out(options.format);
  const FileKind kind = kind_of(options.file);
  if (kind != FileKind::kIdx && options.show > 0) {
    fail_usage("--show: expected a file of images, {} is a {}", options.file,
               kind == FileKind::kModel ? "model" : "checkpoint");
  }
  const char* const kinds[] = {"idx", "model", "checkpoint"};
  out.set({{"file", input_name(options.file)}, {"kind", kinds[static_cast<int>(kind)]}});
  switch (kind) {
    case FileKind::kIdx:
      write_idx_info(options, out);
      break;
    case FileKind::kModel:
      write_model_info(options.file, out);
      break;
    case FileKind::kCheckpoint:
      write_checkpoint_info(options.file, out);
      break;
  }
  out.finish();
  return kExitDone;
}

}  // namespace trp
