#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "cli/accuracy_bound.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/file_kind.h"
#include "data/dataset.h"
#include "formats/idx.h"
#include "formats/strict_json.h"
#include "nn/kernels.h"
#include "report/environment.h"
#include "report/evaluation.h"
#include "report/numbers.h"
#include "system/cpu.h"
#include "system/input_file.h"
#include "system/terminal.h"
#include "train/checkpoint.h"
#include "train/recipe_json.h"
#include "trp/dataset.h"
#include "trp/error.h"
#include "trp/model.h"
#include "trp/predict.h"

namespace trp {
namespace {

/// If the system refuses threads, fewer do.
ThreadPool make_pool(int workers) {
  const int cpus = available_cpus();
  return {workers > 0 ? workers : cpus, cpus};
}

/// `shape` is that of one sample.
void check_fits(const std::string& model_name, const Mlp& mlp, const std::string& images_name,
                std::span<const Index> shape) {
  Index values = 1;
  for (const Index size : shape) values *= size;
  if (values == mlp.input_size()) return;
  throw Error(fmt::format(
      "{}: expected images of {} values each, as {} takes them, found {} ({}); hint: was the model "
      "trained on other data?",
      input_name(images_name), mlp.input_size(), model_name, values, fmt::join(shape, " x ")));
}

void check_labels(const EvalCommandOptions& options, const Mlp& mlp, const DataFiles& files,
                  const Dataset& data) {
  const auto bad = std::ranges::find_if(
      data.labels, [&mlp](std::uint8_t label) { return label >= mlp.output_size(); });
  if (bad == data.labels.end()) return;
  throw Error(fmt::format(
      "{}: label {} is {}, expected 0 to {}, the classes that {} knows; hint: was the model "
      "trained "
      "on other data?",
      files.test_labels, bad - data.labels.begin(), *bad, mlp.output_size() - 1, options.model));
}

/// The network as it was saved, or with early stopping the best one.
Model to_model(Checkpoint checkpoint) {
  TrainState& state = checkpoint.state;
  const std::size_t epochs =
      state.best_epoch > 0 ? static_cast<std::size_t>(state.best_epoch) : state.epochs.size();
  Model model{.mlp = std::move(state.best_epoch > 0 ? state.best : state.mlp)};
  model.metadata = {{"version", checkpoint.version},
                    {"layers", fmt::format("{}", fmt::join(layer_sizes(model.mlp), ","))},
                    {"epochs", fmt::format("{}", epochs)},
                    {"weights", weights_digest(model.mlp)},
                    {"recipe", json_text(to_json(checkpoint.identity.recipe))}};
  return model;
}

Confusion confusion_of(const Mlp& mlp, const std::string& images_name, const Dataset& data,
                       ThreadPool& pool) {
  Predictor predictor(mlp, pool);
  const ConstTensorView logits = predictor.logits(data);
  check_finite(logits, 0, input_name(images_name));
  Confusion confusion(mlp.output_size());
  for (Index row = 0; row < logits.rows(); ++row) {
    const std::span own(logits.row(row), static_cast<std::size_t>(logits.cols()));
    ++confusion(data.labels[static_cast<std::size_t>(row)], likeliest_classes(own, 1).front());
  }
  return confusion;
}

void say_settings(const EvalCommandOptions& options, const Model& model, const DataFiles& files,
                  ThreadPool& pool) {
  if (options.verbosity == Verbosity::kQuiet) return;
  LineWriter err(STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore);
  err.write_line(fmt::format("model     {}, {}", options.model,
                             network_text(layer_sizes(model.mlp), parameter_count(model.mlp))));
  err.write_line(fmt::format("data      {}", files.source));
  err.write_line(fmt::format("workers   {}, {}", pool.worker_count(), simd_target_name()));
}

}  // namespace

int run_eval(const EvalCommandOptions& options) {
  const Model model = load_model(options.model);
  const DataFiles files = find_data(options.data, DataNeed::kTestOnly);
  const Dataset data = load_dataset(files.test_images, files.test_labels, kMaxClasses);
  check_fits(options.model, model.mlp, files.test_images, data.sample_shape);
  check_labels(options, model.mlp, files, data);
  ThreadPool pool = make_pool(options.workers);
  say_settings(options, model, files, pool);
  const EvaluationReport report = {
      .environment = this_environment(),
      .model = options.model,
      .data = files.source,
      .weights = weights_digest(model.mlp),
      .result = evaluate(model.mlp, data, pool),
      .confusion = confusion_of(model.mlp, files.test_images, data, pool)};
  LineWriter out(STDOUT_FILENO, "standard output");
  if (options.format == OutputFormat::kJson) {
    write_evaluation_json(out, report);
  } else {
    write_evaluation_text(out, report, use_color(options.color, STDOUT_FILENO));
  }
  const auto missed = missed_bound(report.result.accuracy, options.min_accuracy);
  if (!missed) return kExitDone;
  LineWriter(STDERR_FILENO, "standard error", LineWriter::OnError::kIgnore)
      .write_line(fmt::format("tensor_relu_parallel: {}", *missed));
  return kExitBoundNotMet;
}

int run_predict(const PredictCommandOptions& options) {
  const Model model = load_model(options.model);
  if (options.style.top > model.mlp.output_size()) {
    throw UsageError(fmt::format("--top: expected at most the {} classes of {}, found {}",
                                 model.mlp.output_size(), options.model, options.style.top));
  }
  IdxReader reader(options.images, kIdxImages);
  check_fits(options.model, model.mlp, options.images, std::span(reader.shape()).subspan(1));
  ThreadPool pool = make_pool(options.workers);
  Predictor predictor(model.mlp, pool);
  LineWriter out(STDOUT_FILENO, "standard output");
  IdxArray images;
  std::int64_t done = 0;
  while (reader.read(options.batch_size, images)) {
    const Dataset batch = to_dataset(std::move(images));
    const ConstTensorView logits = predictor.logits(batch);
    check_finite(logits, done, input_name(options.images));
    write_predictions(out, logits, done, options.style);
    done += batch.sample_count;
  }
  return kExitDone;
}

int run_export(const ExportCommandOptions& options) {
  const Model model = kind_of(options.model) == FileKind::kCheckpoint
                          ? to_model(load_checkpoint(options.model))
                          : load_model(options.model);
  save_model(options.file, model.mlp, model.metadata);
  return kExitDone;
}

}  // namespace trp
