#include "cli/tune.h"

#include <CLI/CLI.hpp>

#include "cli/recipe_options.h"
#include "cli/search_space.h"
#include "cli/values.h"

namespace trp {
namespace {

constexpr int kMaxTrials = 1'000'000;
constexpr double kMaxSeconds = 1e6;
constexpr const char* kSearchGroup = "Search";

void add_search(CLI::App& app, TuneOptions& options) {
  app.option_defaults()->group(kSearchGroup);
  CLI::Option* trials =
      app.add_option("--trials", options.trials,
                     "how many recipes are tried: one result for any number of workers")
          ->transform(whole_number(1, kMaxTrials));
  app.add_option("--seconds", options.seconds,
                 "or for how long to search, as many as there is time for")
      ->transform(number(0, kMaxSeconds))
      ->excludes(trials);
  add_list(
      app, "--search", options.search, [](std::string_view text) { return std::string(text); },
      [](const std::string& name) { return name; },
      "the options to search, of the space; else all of these that are not given");
  add_path(app, "--space", options.space, "what they may be, as the JSON below");
  add_workers(app, options.workers);
}

void add_files(CLI::App& app, TuneOptions& options) {
  app.option_defaults()->group(kSavingGroup);
  add_path(app, "-o,--save", options.save, "the best model: FILE.safetensors, .npz or .onnx",
           model_path());
  add_path(app, "--save-config", options.save_config, "the best options, for train --config",
           file_path());
  add_path(app, "--checkpoint", options.checkpoint, "save what is found, to go on from",
           file_path());
  add_path(app, "--resume", options.resume, "go on from such a file");
  add_force(app, options.force);
}

void add_output(CLI::App& app, TuneOptions& options) {
  add_format(app, options.format, {OutputFormat::kText, OutputFormat::kJsonLines});
  app.add_flag("-q,--quiet", options.quiet, "results only");
  app.add_flag_callback(
      "--no-progress", [&options] { options.progress = false; }, "no progress bar");
  add_color(app, options.color);
  add_report(app, options.report);
}

}  // namespace

CLI::App& add_tune(CLI::App& app, TuneOptions& options) {
  CLI::App& command = *app.add_subcommand(
      "tune",
      "Finds good options of training.\n"
      "Many are tried for a few epochs, the best of them for more. Trainings run side by side and "
      "are\n"
      "judged by validation samples; the best is trained anew on all training samples. Options of\n"
      "training that are given stay as they are.");
  add_search(command, options);
  add_data(command, options.data, options.recipe);
  add_training(command, options.recipe);
  add_batch_size_and_validation(command, options.recipe);
  add_files(command, options);
  add_output(command, options);
  command.footer(
      ", 3 diverged, 129/130/143 stopped\n"
      "Examples\n"
      "  tensor_relu_parallel tune --seconds 30 --save best.safetensors --save-config best.conf\n"
      "  tensor_relu_parallel tune --trials 50 --search lr,momentum,batch-size --hidden 256\n"
      "The space unless there is --space\n" +
      std::string(kDefaultSpace) + '\n');
  command.parse_complete_callback([&command, &options] {
    check_recipe(options.recipe);
    for (const CLI::Option* option : command.get_options())
      if (option->count() > 0 && !option->get_lnames().empty())
        options.given.push_back(option->get_lnames()[0]);
  });
  return command;
}

}  // namespace trp
