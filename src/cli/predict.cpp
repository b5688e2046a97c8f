#include <span>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/recipe_options.h"
#include "cli/values.h"
#include "core/fail.h"
#include "data/dataset.h"
#include "formats/idx.h"
#include "report/predictions.h"
#include "system/input_file.h"
#include "system/line_writer.h"
#include "trp/dataset.h"
#include "trp/model.h"
#include "trp/predict.h"

namespace trp {
CLI::App& add_predict(CLI::App& app, PredictOptions& options) {
  CLI::App& command =
      *app.add_subcommand("predict",
                          "Writes the class of each image on a line.\n"
                          "IMAGES is an IDX file, plain or gzip; - or nothing is standard input.");
  command.add_option("MODEL", options.model)->required()->transform(any_path());
  command.add_option("IMAGES", options.images)->transform(any_path());
  command.option_defaults()->group(kOutputGroup);
  command.add_flag("--probabilities", options.style.probabilities,
                   "with the probability of each class");
  command.add_option("--top", options.style.top, "the N likeliest classes")
      ->transform(whole_number<Index>(1, kMaxClasses));
  add_class_names(command, options.class_names);
  add_format(
      command, options.style.format,
      {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kJsonLines, OutputFormat::kCsv});
  add_workers(command, options.workers);
  command.option_defaults()->group(kParallelismGroup);
  command
      .add_option("-b,--batch-size", options.batch_size,
                  "images read, predicted and written at a time")
      ->transform(whole_number<Index>(1, kMaxBatchSize));
  command.footer(
      "\nExamples\n"
      "  zcat images.gz | tensor_relu_parallel predict model.safetensors | sort | uniq -c\n"
      "  tensor_relu_parallel predict model.npz images.gz --top 3 --probabilities\n");
  return command;
}

int run_predict(const PredictOptions& options) {
  check_standard_input(options.model, options.images, "IMAGES");
  const Model model = load_model(options.model);
  if (options.style.top > model.mlp.output_size()) {
    fail_usage("--top: expected at most the {} classes of {}, found {}", model.mlp.output_size(),
               options.model, options.style.top);
  }
  PredictionStyle style = options.style;
  style.class_names = load_class_names(options.class_names, options.images, model.mlp);
  IdxReader reader(options.images, kIdxImages);
  check_fits(options.model, model.mlp, options.images, std::span(reader.shape()).subspan(1));
  ThreadPool pool = make_pool(options.workers);
  Predictor predictor(model.mlp, pool);
  LineWriter out = standard_output();
  IdxArray images;
  std::int64_t done = 0;
  begin_predictions(out, options.model, input_name(options.images), style.format);
  while (reader.read(options.batch_size, images)) {
    const Dataset batch = to_dataset(std::move(images));
    const ConstTensorView logits = predictor.logits(batch);
    check_finite(logits, done, input_name(options.images));
    write_predictions(out, logits, done, style);
    done += batch.sample_count;
  }
  end_predictions(out, style.format);
  return kExitDone;
}

}  // namespace trp
