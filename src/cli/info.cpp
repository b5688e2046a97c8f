#include <algorithm>
#include <limits>

#include <CLI/CLI.hpp>

#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/recipe_options.h"
#include "cli/values.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "formats/array_file.h"
#include "formats/idx.h"
#include "formats/strict_json.h"
#include "report/environment.h"
#include "report/evaluation.h"
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
  InfoWriter(OutputFormat format, const std::string& file) : format_(format), file_(file) {
    for (const char* field :
         {"file",         "kind",          "format", "verified",   "layers",         "parameters",
          "weights",      "epochs",        "steps",  "train_loss", "train_accuracy", "best_epoch",
          "best_weights", "train_seconds", "recipe", "train_data", "test_data",      "metadata",
          "shape",        "elements",      "least",  "most",       "mean",           "labels"})
      document_[field] = nullptr;
  }

  /// Begins with the file and its kind, in words.
  void write_kind(const char* kind, std::string_view text) {
    write("file", file_, {{"file", file_}});
    write("kind", text, {{"kind", kind}});
  }
  /// Writes the line, or sets the fields that say the same.
  void write(std::string_view label, std::string_view text, const Json& fields = Json::object()) {
    if (format_ == OutputFormat::kText)
      out_.write_line(fmt::format("{:<13}  {}", printable(label), printable(text)));
    document_.update(fields);
  }
  void write_lines(std::string text) {
    text.pop_back();
    if (format_ == OutputFormat::kText) out_.write_line(text);
  }
  void set(const Json& fields) { document_.update(fields); }

  void finish() {
    if (format_ == OutputFormat::kJson) out_.write_line(json_text(document_));
    if (format_ == OutputFormat::kCsv) out_.write_line(csv_table(document_));
  }

 private:
  const OutputFormat format_;
  const std::string file_;
  LineWriter out_ = standard_output();
  Json document_ = document_of("info", this_environment());
};

void write_network(const Mlp& mlp, const std::string& weights, InfoWriter& out) {
  out.write("network", network_text(layer_sizes(mlp), parameter_count(mlp)),
            {{"layers", layer_sizes(mlp)}, {"parameters", parameter_count(mlp)}});
  out.write("weights", weights, {{"weights", weights}});
}

void write_checkpoint_info(const Checkpoint& checkpoint, InfoWriter& out) {
  const auto& [recipe, train_data, test_data] = checkpoint.identity;
  const TrainState& state = checkpoint.state;
  out.write_kind("checkpoint", "checkpoint, its digest agrees");
  TrainState at_end = state;
  at_end.best_epoch = 0;
  write_network(state.mlp, weights_digest(network_to_keep(std::move(at_end))), out);
  out.write("epochs",
            fmt::format("{} finished, then {} steps", state.epochs.size(), state.progress.batch),
            {{"epochs", state.epochs.size()}, {"steps", state.progress.batch}});
  if (!state.epochs.empty()) {
    const auto& last = state.epochs.back();
    out.write("last epoch",
              fmt::format("loss {}, accuracy {}", loss_text(last.train_loss),
                          percent(last.train_accuracy)),
              {{"train_loss", last.train_loss}, {"train_accuracy", last.train_accuracy}});
  }
  if (state.best_epoch > 0) {
    const std::string weights = weights_digest(state.best);
    out.write("best", fmt::format("epoch {}, weights {}", state.best_epoch, weights),
              {{"best_epoch", state.best_epoch}, {"best_weights", weights}});
  }
  out.write("time", fmt::format("{:.2f} s training", train_seconds(state)),
            {{"train_seconds", train_seconds(state)}});
  out.write("recipe", json_text(to_json(recipe)), {{"recipe", to_json(recipe)}});
  out.write("training data", train_data, {{"train_data", train_data}});
  out.write("test data", test_data, {{"test_data", test_data}});
  out.write("version", checkpoint.version);
  out.write("instructions", checkpoint.simd);
  out.set({{"metadata", {{"version", checkpoint.version}, {"simd", checkpoint.simd}}}});
}

void write_model_info(const Model& model, InfoWriter& out) {
  out.write_kind("model", fmt::format("model, {}, {}", model.format,
                                      model.verified ? "its digest agrees" : "without a digest"));
  const std::string weights = weights_digest(model.mlp);
  write_network(model.mlp, weights, out);
  for (const NamedArray& array : to_arrays(model.mlp))
    out.write(array.name, fmt::format("{}", fmt::join(array.shape, " x ")));
  for (const auto& [name, text] : model.metadata)
    if (text != weights) out.write(name, text);
  out.set({{"format", model.format},
           {"verified", model.verified},
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

void draw(const Dataset& samples, Index row, Index number, InfoWriter& out) {
  const std::vector<float> values = sample_values(samples, row);
  const auto [least, most] = std::ranges::minmax(values);
  const bool is_bytes = !samples.bytes.empty();
  out.write("image", fmt::format("{}", number));
  out.write_lines(
      picture_text(values, samples.sample_shape, is_bytes ? 0 : least, is_bytes ? kMaxByte : most));
}

void write_statistics(const ElementStatistics& statistics, InfoWriter& out) {
  const double mean = statistics.sum / static_cast<double>(statistics.count);
  out.write("values", fmt::format("{} to {}, mean {:.4g}", statistics.low, statistics.high, mean),
            {{"least", statistics.low}, {"most", statistics.high}, {"mean", mean}});
  const std::vector<Index>& counts = statistics.label_counts;
  for (std::size_t label = 0; label < counts.size(); ++label)
    if (counts[label] > 0) out.write(fmt::format("label {}", label), grouped(counts[label]));
  if (!counts.empty()) out.set({{"labels", counts}});
}

void write_idx_info(const InfoOptions& options, InfoWriter& out) {
  IdxReader reader(options.file);
  const bool labels = reader.shape().size() == 1;
  if (labels && options.show > 0) {
    fail_usage("--show: expected a file of images, {} has rank 1, as labels", options.file);
  }
  const bool is_gzip = reader.is_gzip();
  out.write_kind("idx", fmt::format("IDX{}{}", labels ? ", labels" : "", is_gzip ? ", gzip" : ""));
  out.set({{"format", is_gzip ? "gzip" : "plain"}});
  out.write("shape", fmt::format("{}", fmt::join(reader.shape(), " x ")),
            {{"shape", reader.shape()}});
  out.write("elements", idx_type_name(reader.type()), {{"elements", idx_type_name(reader.type())}});
  ElementStatistics statistics;
  IdxArray samples;
  for (Index done = 0; reader.read(kReadSamples, samples); done += samples.shape[0]) {
    const Index shown = std::min(samples.shape[0], options.show - done);
    if (shown > 0) {
      const Dataset images = to_dataset(samples);
      for (Index i = 0; i < shown; ++i) draw(images, i, done + i, out);
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
  InfoWriter out(options.format, input_name(options.file));
  const FileKind kind = kind_of(options.file);
  if (kind != FileKind::kIdx && options.show > 0) {
    fail_usage("--show: expected a file of images, {} is a {}", options.file,
               kind == FileKind::kModel ? "model" : "checkpoint");
  }
  switch (kind) {
    case FileKind::kIdx:
      write_idx_info(options, out);
      break;
    case FileKind::kModel:
      write_model_info(load_model(options.file), out);
      break;
    case FileKind::kCheckpoint:
      write_checkpoint_info(load_checkpoint(options.file), out);
      break;
  }
  out.finish();
  return kExitDone;
}

}  // namespace trp
