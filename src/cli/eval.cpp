#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/recipe_options.h"
#include "cli/saved_files.h"
#include "cli/say.h"
#include "cli/values.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "formats/array_file.h"
#include "nn/kernels.h"
#include "report/environment.h"
#include "report/evaluation.h"
#include "report/numbers.h"
#include "system/input_file.h"
#include "system/line_writer.h"
#include "system/outputs.h"
#include "system/stop_signals.h"
#include "trp/model.h"
#include "trp/predict.h"
#include "trp/score.h"

namespace trp {
namespace {

constexpr Index kMaxDrawnMistakes = 1000;

// Beyond this the values of images are of another kind; parts of one data set agree ten times as
// well.
constexpr double kMaxMeanShift = 0.25;  // in deviations
constexpr double kMaxDeviationRatio = 1.5;

void check_labels(const EvalOptions& options, const Mlp& mlp, const DataFiles& files,
                  const Dataset& data) {
  const auto bad = std::ranges::find_if(
      data.labels, [&mlp](std::uint8_t label) { return label >= mlp.output_size(); });
  if (bad == data.labels.end()) return;
  fail(
      "{}: label {} is {}, expected 0 to {}, the classes that {} knows; hint: was the model "
      "trained "
      "on other data?",
      files.test_labels, bad - data.labels.begin(), *bad, mlp.output_size() - 1, options.model);
}

void say_settings(const EvalOptions& options, const Model& model, const DataFiles& files,
                  const ThreadPool& pool) {
  LineWriter err = standard_error();
  const std::string network = network_text(layer_sizes(model.mlp), parameter_count(model.mlp));
  err.write_line(setting_line("model", fmt::format("{}, {}", options.model, network)));
  err.write_line(setting_line("data", files.source));
  err.write_line(
      setting_line("workers", fmt::format("{}, {}", pool.worker_count(), simd_target_name())));
}

/// Says so if the model tells of the data that it was trained on and these are of another kind, or
/// the same ones.
void warn_of_other_data(const Model& model, const Dataset& data) {
  const auto number_of = [&](std::string_view name) {
    const std::string* text = find_metadata(model.metadata, name);
    double number = std::numeric_limits<double>::quiet_NaN();
    return text && read_whole(*text, number) ? number : std::nan("");
  };
  const std::string* trained_on = find_metadata(model.metadata, "train_data");
  if (trained_on && *trained_on == dataset_digest(data))
    say("warning: the model was trained on these very samples, so its score says little of others");
  const double mean = number_of("pixel_mean"), deviation = number_of("pixel_deviation");
  const PixelStatistics found = pixel_statistics(data);
  const bool is_other = std::abs(found.mean - mean) > kMaxMeanShift * deviation ||
                        found.deviation > kMaxDeviationRatio * deviation ||
                        deviation > kMaxDeviationRatio * found.deviation;
  if (is_other)
    say("warning: these images are unlike those that the model was trained on: their values have a "
        "mean of {:.3g} and a deviation of {:.3g}, those had {:.3g} and {:.3g}",
        found.mean, found.deviation, mean, deviation);
}

}  // namespace

CLI::App& add_eval(CLI::App& app, EvalOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "eval",
      "Scores a saved model on test data.\n"
      "Tells loss, accuracy with its standard error, precision, recall and F1 of each class, and\n"
      "which classes are taken for which.");
  command.add_option("MODEL", options.model)->required()->transform(any_path());
  add_data_folder(command, options.data);
  add_test_files(command, options.data);
  add_workers(command, options.workers);
  add_format(command, options.format,
             {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kCsv});
  command.add_flag("-q,--quiet", options.quiet, "results only");
  add_color(command, options.color);
  command.add_option("--errors", options.errors, "draw the N most confident mistakes")
      ->transform(whole_number<Index>(0, kMaxDrawnMistakes));
  add_path(command, "--predictions", options.predictions,
           "write what each sample is taken for, with probabilities and loss, as CSV", file_path());
  add_class_names(command, options.class_names);
  add_report(command, options.report);
  add_min_accuracy(command, options.min_accuracy);
  add_force(command, options.force);
  command.footer(
      ", 4 bound not met\n"
      "Example\n"
      "  tensor_relu_parallel eval model.safetensors --data mnist\n");
  return command;
}

int run_eval(const EvalOptions& options) {
  check_standard_input(options.model, options.data.test_images, "--test-images");
  check_standard_input(options.model, options.data.test_labels, "--test-labels");
  const Model model = load_model(options.model);
  const DataFiles files = find_named_data(options.data, DataNeed::kTestOnly);
  const std::vector<std::string> class_names =
      load_class_names(options.class_names, files.test_images, model.mlp);
  std::vector<NamedFile> inputs = named_inputs(files);
  inputs.push_back({"MODEL", options.model});
  inputs.push_back({"--class-names", options.class_names});
  std::optional<StopSignals> signals;  // for files that are whole or not there; else they end it
  if (!options.predictions.empty() || !options.report.empty()) signals.emplace();
  Outputs outputs = claim_outputs(inputs,
                                  {{"--predictions", options.predictions, is_predictions_csv},
                                   {"--report", options.report, is_report}},
                                  options.force);
  const Dataset data = load_dataset(files.test_images, files.test_labels, kMaxClasses);
  check_fits(options.model, model.mlp, files.test_images, data.sample_shape);
  check_labels(options, model.mlp, files, data);
  ThreadPool pool = make_pool(options.workers);
  if (!options.quiet) {
    say_settings(options, model, files, pool);
    warn_of_other_data(model, data);
  }
  Predictor predictor(model.mlp, pool);
  const ConstTensorView logits = predictor.logits(data);
  check_finite(logits, 0, input_name(files.test_images));
  EvaluationReport report = {.environment = this_environment(),
                             .model = options.model,
                             .data = files.source,
                             .weights = weights_digest(model.mlp),
                             .result = score(logits, data.labels, pool),
                             .class_names = class_names,
                             .samples = data};
  add_predictions(report, logits, options.errors);
  if (signals && signals->received() != 0) return kExitSignalBase + signals->received();
  if (const auto file = outputs.find("--predictions"); file != outputs.end())
    file->second.replace(predictions_csv(logits, data.labels));
  LineWriter out = standard_output();
  if (options.format == OutputFormat::kJson) {
    out.write_line(json_text(evaluation_document(report)));
  } else if (options.format == OutputFormat::kCsv) {
    Json document = evaluation_document(report);
    document.erase("mistakes");  // which would be a column only where there are none
    out.write_line(csv_table(document));
  } else {
    write_evaluation_text(out, report, use_color(options.color, STDOUT_FILENO));
  }
  if (const auto file = outputs.find("--report"); file != outputs.end()) {
    add_predictions(report, logits, kPageMistakes);
    file->second.replace(evaluation_page(report, model.mlp, command_line()));
  }
  return check_min_accuracy(report.result.accuracy, options.min_accuracy);
}

}  // namespace trp
