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

/// Lines of a label and a text.
class InfoWriter {
 public:
  void write(std::string_view label, std::string_view text) {
    out_.write_line(fmt::format("{:<13}  {}", printable(label), printable(text)));
  }
  void write_lines(std::string text) {
    text.pop_back();
    out_.write_line(text);
  }

 private:
  LineWriter out_ = standard_output();
};

void write_checkpoint_info(const std::string& path, InfoWriter& out) {
  const Checkpoint checkpoint = load_checkpoint(path);
  const TrainState& state = checkpoint.state;
  out.write("file", path);
  out.write("kind", "checkpoint, its digest agrees");
  out.write("network", network_text(layer_sizes(state.mlp), parameter_count(state.mlp)));
  TrainState at_end = state;
  at_end.best_epoch = 0;
  out.write("weights", weights_digest(network_to_keep(std::move(at_end))));
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
  command.footer(
      "\nExamples\n"
      "  tensor_relu_parallel info model.safetensors\n"
      "  tensor_relu_parallel info run.ckpt\n"
      "  tensor_relu_parallel info t10k-images-idx3-ubyte.gz --show 2\n");
  return command;
}

int run_info(const InfoOptions& options) {
  InfoWriter out;
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
      write_model_info(options.file, out);
      break;
    case FileKind::kCheckpoint:
      write_checkpoint_info(options.file, out);
      break;
  }
  return kExitDone;
}

}  // namespace trp
